/**
 * Remembers what a lookup found for a while, at most `size` keys (the oldest go first). Concurrent lookups of one key
 * share one call; a lookup that fails is not remembered.
 */
export function remember<Value>(
  size: number,
  ttlMs: number,
  look: (key: string) => Promise<Value>,
): ((key: string) => Promise<Value>) & { forget(key: string): void; clear(): void } {
  const known = new Map<string, { value: Promise<Value>; until: number }>()
  const recall = (key: string): Promise<Value> => {
    const entry = known.get(key)
    if (entry && entry.until > Date.now()) return entry.value
    const value = look(key)
    known.delete(key)
    known.set(key, { value, until: Date.now() + ttlMs })
    value.catch(() => known.delete(key))
    if (known.size > size) known.delete(known.keys().next().value!)
    return value
  }
  return Object.assign(recall, {
    forget: (key: string) => void known.delete(key),
    clear: () => known.clear(),
  })
}
