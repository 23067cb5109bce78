import { useQuery } from '@tanstack/react-query'
import { ArrowUp } from 'lucide-react'
import type { SessionRow } from '../../api/objects.ts'
import { newestQuery } from '../../api/sessions.ts'
import { Button } from '../../ui/Button.tsx'
import type { SessionsView } from './sessionsView.ts'

/** Tells that newer sessions are there than those that are shown; the list moves only when asked to. */
export function NewSessions({
  view,
  newest,
  onShow,
}: {
  view: SessionsView
  newest: SessionRow | undefined
  onShow: () => void
}) {
  const enabled = view.order !== 'asc'
  const { data } = useQuery({ ...newestQuery(view), enabled })
  const top = data?.data[0]
  const isNew = enabled && top !== undefined && top.id !== newest?.id && (!newest || top.createdAt >= newest.createdAt)
  return (
    <span aria-live="polite">
      {isNew && (
        <Button size="small" look="primary" icon={<ArrowUp className="size-3.5" />} onClick={onShow}>
          New sessions
        </Button>
      )}
    </span>
  )
}
