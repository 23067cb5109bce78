import { useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { SessionRow } from '../../api/objects.ts'
import { sessionQuery } from '../../api/sessions.ts'
import { classes } from '../../ui/classes.ts'
import { StarButton } from './StarButton.tsx'
import { sessionName } from './sessionName.ts'

/** Star, unread mark, name, how it began. The name is the row's link. */
export function SessionCell({ row }: { row: SessionRow }) {
  const client = useQueryClient()
  const name = sessionName(row)
  const prefetch = () => void client.prefetchQuery(sessionQuery(row.id))
  return (
    <div className="flex min-w-0 items-center gap-1.5">
      <StarButton sessionId={row.id} starred={row.mark.starred} />
      <span className="grid size-2 shrink-0 place-items-center">
        {row.unread && (
          <span className="size-2 rounded-full bg-accent-fill">
            <span className="sr-only">Unread:</span>
          </span>
        )}
      </span>
      <Link
        to="/sessions/$sessionId"
        params={{ sessionId: row.id }}
        onMouseEnter={prefetch}
        onFocus={prefetch}
        data-row-link
        className={classes('min-w-0 truncate rounded-sm', row.unread ? 'font-semibold' : 'font-medium')}
      >
        {name}
      </Link>
      {row.preview && row.preview !== name && <span className="min-w-0 flex-1 truncate text-faint">{row.preview}</span>}
    </div>
  )
}
