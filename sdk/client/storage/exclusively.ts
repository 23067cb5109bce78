import type { Locks } from '../platform.ts'
import { timing } from '../timing.ts'
import type { KeyValueStorage } from './keyValueStorage.ts'
import { withStorageLock } from './storageLock.ts'

/** Runs pieces of work one after another. */
export type Exclusively = <T>(work: () => Promise<T>) => Promise<T>

/**
 * One at a time over all tabs: by the browser's locks, else by a note in the storage that they have in common; over this
 * client only when there is neither.
 */
export function exclusively(name: string, locks: Locks | null, common: KeyValueStorage | null): Exclusively {
  const here = oneAfterAnother()
  if (locks) return (work) => here(() => inLock(name, locks, work))
  if (common) return (work) => here(() => withStorageLock(name, common, work))
  return here
}

/** The lock is kept a moment longer than the work: the next one must not read what was there before. */
function inLock<T>(name: string, locks: Locks, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const held = locks.request(name, {}, async () => {
      const result = work()
      result.then(resolve, reject)
      await result.catch(() => undefined)
      await new Promise((settled) => setTimeout(settled, timing.storageSettles))
    })
    held.catch(reject)
  })
}

function oneAfterAnother(): Exclusively {
  let last: Promise<unknown> = Promise.resolve()
  return <T>(work: () => Promise<T>) => {
    const result = last.then(work)
    last = result.catch(() => undefined)
    return result
  }
}
