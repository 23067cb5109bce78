import { useQuery } from '@tanstack/react-query'
import { countQuery } from '../../api/sessions.ts'
import type { SessionsView } from './sessionsView.ts'

/** How many sessions the list has; counted up to a cap. */
export function SessionCount({ view }: { view: SessionsView }) {
  const { data } = useQuery(countQuery(view))
  if (!data) return null
  return (
    <span aria-live="polite" className="text-xs text-faint">
      {data.count.toLocaleString()}
      {data.capped && '+'}
    </span>
  )
}
