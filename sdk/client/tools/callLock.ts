import type { Locks } from '../platform.ts'

/**
 * Does work for one call of a tool in one tab only: a tab that comes second is told (`elsewhere`) and waits, for the
 * first one may be closed in the middle. Without locks (Node, React Native, pages without https) there is no second tab
 * that could be known. Resolves without having worked when `over` fires first.
 */
export async function inOneTab(
  locks: Locks | null,
  name: string,
  over: AbortSignal,
  elsewhere: () => void,
  work: () => Promise<void>,
): Promise<void> {
  if (!locks) return work()
  const done = await locks.request(name, { ifAvailable: true }, async (lock) => {
    if (lock === null) return false
    await work()
    return true
  })
  if (done || over.aborted) return
  elsewhere()
  try {
    await locks.request(name, { signal: over }, work)
  } catch (error) {
    if (!over.aborted) throw error
  }
}
