/**
 * A lookup by one key made of one that takes many: keys that come in one tick, or while a call is under way, are looked up
 * by one call, at most `most` of them. At low load each goes at once; under load a call is shared by all that waited for it.
 * What `look` gives has the order of its keys.
 */
export function gather<Key, Value>(
  most: number,
  look: (keys: readonly Key[]) => Promise<readonly Value[]>,
): (key: Key) => Promise<Value> {
  const waiting: Waiting<Key, Value>[] = []
  let busy = false

  async function lookUp(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    while (waiting.length > 0) {
      const batch = waiting.splice(0, most)
      try {
        const values = await look(batch.map(({ key }) => key))
        for (const [index, { resolve }] of batch.entries()) resolve(values[index]!)
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    busy = false
  }

  return (key) =>
    new Promise((resolve, reject) => {
      waiting.push({ key, resolve, reject })
      if (busy) return
      busy = true
      void lookUp()
    })
}

interface Waiting<Key, Value> {
  key: Key
  resolve: (value: Value) => void
  reject: (error: unknown) => void
}
