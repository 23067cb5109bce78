/** One press as shortcuts name it: `j`, `?`, `mod+k` (Ctrl or Command), `Escape`. Null for what is no shortcut. */
export function nameOf(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>): string | null {
  if (event.altKey) return null
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
  return event.ctrlKey || event.metaKey ? `mod+${key}` : key
}

/** What a sequence of presses is: a shortcut, the beginning of one (`g` of `g s`), or nothing. */
export function matchKeys(pressed: string, shortcuts: Iterable<string>): 'whole' | 'begun' | 'none' {
  let begun = false
  for (const keys of shortcuts) {
    if (keys === pressed) return 'whole'
    begun ||= keys.startsWith(`${pressed} `)
  }
  return begun ? 'begun' : 'none'
}
