/** What of the browser's LockManager is used. */
interface Locks {
  request<T>(name: string, work: () => Promise<T>): Promise<T>
}

/**
 * Runs pieces of work one after another: over all tabs by the browser's locks, which pages without https (but
 * localhost) don't have; there over this tab only.
 */
export function oneAtATime(name: string, locks: Locks | undefined): <T>(work: () => Promise<T>) => Promise<T> {
  if (locks) return (work) => locks.request(name, work)
  let last: Promise<unknown> = Promise.resolve()
  return <T>(work: () => Promise<T>) => {
    const result = last.then(work)
    last = result.catch(() => undefined)
    return result
  }
}
