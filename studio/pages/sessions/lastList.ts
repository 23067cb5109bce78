import type { SessionRow } from '../../api/objects.ts'
import type { SessionsView } from './sessionsView.ts'

/** The list that a person came from: whence "next" and "back" of a session are known. */
let last: { view: SessionsView; ids: readonly string[] } = { view: {}, ids: [] }
/** How far it was scrolled. */
let place = { view: '', top: 0 }

export function rememberList(view: SessionsView, rows: readonly SessionRow[]): void {
  last = { view, ids: rows.map(({ id }) => id) }
}

export function lastView(): SessionsView {
  return last.view
}

/** The sessions before and after one in that list; null at its ends, or when it isn't in it. */
export function neighboursOf(sessionId: string): { previous: string | null; next: string | null } {
  const at = last.ids.indexOf(sessionId)
  if (at < 0) return { previous: null, next: null }
  return { previous: last.ids[at - 1] ?? null, next: last.ids[at + 1] ?? null }
}

export function rememberScroll(top: number): void {
  place = { view: JSON.stringify(last.view), top }
}

/** Where the list of this view was left; at its head when it was another one. */
export function scrollOf(view: SessionsView): number {
  return place.view === JSON.stringify(view) ? place.top : 0
}
