import { isObject } from '@agentview/contracts'
import { newKey } from '../platform.ts'
import { sleep, timing } from '../timing.ts'
import type { KeyValueStorage } from './keyValueStorage.ts'
import { stored } from './stored.ts'

interface Note {
  owner: string
  until: number
}

function isNote(value: unknown): value is Note {
  return isObject(value) && typeof value.owner === 'string' && typeof value.until === 'number'
}

/**
 * Does work while a note in the storage says that it is ours. A storage can't compare and set, so whoever has written
 * waits until the others' writes would be seen, and looks again: of several only the last writer goes on. What is left
 * of a race after that is a tab that sleeps between its look and its write.
 */
export async function withStorageLock<T>(name: string, storage: KeyValueStorage, work: () => Promise<T>): Promise<T> {
  const note = stored(storage, `${name}.lock`, isNote)
  const owner = newKey()
  for (;;) {
    const held = await note.read()
    if (!held || held.until < Date.now()) {
      await note.write({ owner, until: Date.now() + timing.storageLockLasts })
      await sleep(timing.storageSettles)
      if ((await note.read())?.owner === owner) break
    }
    await sleep(timing.storageSettles * (0.5 + Math.random()))
  }
  try {
    return await work()
  } finally {
    if ((await note.read())?.owner === owner) await note.write(null)
  }
}
