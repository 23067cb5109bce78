import { useState } from 'react'

/** A text that is being written, kept for this tab until it is sent: leaving the page or reloading it loses nothing. */
export function useDraft(key: string, initial = ''): [string, (text: string) => void, () => void] {
  const place = `agentview.studio.draft ${key}`
  const [state, setState] = useState(() => ({ place, text: read(place) ?? initial }))
  // Another key is another draft.
  const text = state.place === place ? state.text : (read(place) ?? initial)
  const set = (next: string) => {
    setState({ place, text: next })
    write(place, next)
  }
  return [text, set, () => set('')]
}

function read(place: string): string | null {
  try {
    return sessionStorage.getItem(place)
  } catch {
    return null
  }
}

function write(place: string, text: string): void {
  try {
    if (text === '') sessionStorage.removeItem(place)
    else sessionStorage.setItem(place, text)
  } catch {
    // Kept as long as the page is.
  }
}
