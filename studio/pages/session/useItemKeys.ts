import { useNavigate } from '@tanstack/react-router'
import { useShortcuts } from '../../ui/shortcuts.ts'
import { lastView, neighboursOf } from '../sessions/lastList.ts'
import { viewSearch } from '../sessions/sessionsView.ts'

interface Keys {
  sessionId: string
  /** The items that can be gone to, in order. */
  stops: readonly string[]
  selected: string | undefined
  select: (itemId: string) => void
  clear: () => void
  comment?: () => void
}

/** Reading without a mouse: j and k from item to item, [ and ] from session to session. */
export function useItemKeys({ sessionId, stops, selected, select, clear, comment }: Keys): void {
  const navigate = useNavigate()
  const group = 'Session'
  const go = (by: number) => {
    const at = stops.indexOf(selected ?? '')
    // Without a selection the newest item is the next one.
    const next = stops[at < 0 ? stops.length - 1 : Math.min(stops.length - 1, Math.max(0, at + by))]
    if (next) select(next)
  }
  const open = (id: string | null) => {
    if (id) void navigate({ to: '/sessions/$sessionId', params: { sessionId: id } })
  }
  useShortcuts([
    { keys: 'j', label: 'Next item', group, run: () => go(1) },
    { keys: 'k', label: 'Previous item', group, run: () => go(-1) },
    ...(comment ? [{ keys: 'c', label: 'Comment', group, run: comment }] : []),
    { keys: ']', label: 'Next session', group, run: () => open(neighboursOf(sessionId).next) },
    { keys: '[', label: 'Previous session', group, run: () => open(neighboursOf(sessionId).previous) },
    {
      keys: 'u',
      label: 'Back to the list',
      group,
      run: () => void navigate({ to: '/sessions', search: viewSearch(lastView()) }),
    },
    { keys: 'Escape', label: 'Select nothing', group, run: clear },
  ])
}
