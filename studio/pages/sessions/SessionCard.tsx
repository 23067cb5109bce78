import { Link } from '@tanstack/react-router'
import type { SessionRow } from '../../api/objects.ts'
import { classes } from '../../ui/classes.ts'
import { StatusBadge } from '../../ui/StatusBadge.tsx'
import { Time } from '../../ui/Time.tsx'
import { StarButton } from './StarButton.tsx'
import { endUserName, sessionName } from './sessionName.ts'

/** A session on a phone: two lines. */
export function SessionCard({ row, height, index }: { row: SessionRow; height: number; index: number }) {
  return (
    <li style={{ height }} data-index={index} className="flex items-center gap-2 border-b border-line pr-2 pl-4">
      <Link
        to="/sessions/$sessionId"
        params={{ sessionId: row.id }}
        data-row-link
        className="grid h-full min-w-0 flex-1 content-center gap-1.5 rounded-sm"
      >
        <span className="flex items-center gap-2">
          {row.unread && (
            <span className="size-2 shrink-0 rounded-full bg-accent-fill">
              <span className="sr-only">Unread:</span>
            </span>
          )}
          <span className={classes('min-w-0 flex-1 truncate', row.unread ? 'font-semibold' : 'font-medium')}>
            {sessionName(row)}
          </span>
          <Time at={row.createdAt} className="shrink-0 text-xs text-faint" />
        </span>
        <span className="flex items-center gap-2 text-xs text-muted">
          <span className="min-w-0 flex-1 truncate">
            {row.agent} · {endUserName(row.endUser)}
          </span>
          {row.lastRun && <StatusBadge status={row.lastRun.status} />}
        </span>
      </Link>
      <StarButton sessionId={row.id} starred={row.mark.starred} />
    </li>
  )
}
