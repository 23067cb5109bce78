import { useSyncExternalStore } from 'react'
import { stringifySearch } from '../../app/searchText.ts'
import { type SessionsView, viewSearch } from './sessionsView.ts'

/** A view under a name, as its address. Kept in this browser: the address itself can be sent to anybody. */
export interface SavedView {
  name: string
  search: string
}

const KEY = 'agentview.studio.views'
const listeners = new Set<() => void>()
let views: readonly SavedView[] = read()

export function useSavedViews(): readonly SavedView[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => views,
  )
}

/** A name that is there already gets the new view. */
export function saveView(name: string, view: SessionsView): void {
  keep([...views.filter((each) => each.name !== name), { name, search: stringifySearch(viewSearch(view)) }])
}

export function forgetView(name: string): void {
  keep(views.filter((each) => each.name !== name))
}

function keep(next: readonly SavedView[]): void {
  views = next
  try {
    localStorage.setItem(KEY, JSON.stringify(next))
  } catch {
    // Kept until the page is left.
  }
  for (const listener of listeners) listener()
}

function read(): SavedView[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]')
    return Array.isArray(kept) ? kept.filter(isSavedView) : []
  } catch {
    return []
  }
}

function isSavedView(value: unknown): value is SavedView {
  const { name, search } = (value ?? {}) as Record<string, unknown>
  return typeof name === 'string' && typeof search === 'string'
}
