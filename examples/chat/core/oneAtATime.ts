/** What of the browser's LockManager is used. */
interface Locks {
  request<T>(name: string, work: () => Promise<T>): Promise<T>
}

/**
 * How long a lock is kept after the work. A browser's tabs are several processes, and what one has written to the
 * localStorage reaches the others a moment later; the next in line must not read what was there before.
 */
const SETTLE_MS = 300

/**
 * Runs pieces of work one after another: over all tabs by the browser's locks, which pages without https (but
 * localhost) don't have; there over this tab only.
 */
export function oneAtATime(name: string, locks: Locks | undefined): <T>(work: () => Promise<T>) => Promise<T> {
  if (!locks) return inThisTab()
  return (work) =>
    new Promise((resolve, reject) => {
      const held = locks.request(name, async () => {
        const result = work()
        resolve(result)
        await result.catch(() => undefined)
        await new Promise((settled) => setTimeout(settled, SETTLE_MS))
      })
      held.catch(reject)
    })
}

function inThisTab(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return <T>(work: () => Promise<T>) => {
    const result = last.then(work)
    last = result.catch(() => undefined)
    return result
  }
}
