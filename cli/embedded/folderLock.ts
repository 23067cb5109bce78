import { open, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { processIdentity } from './processes.ts'
import { giveToFolderOwner } from './runUser.ts'
import { StartRefused, errorCode, unless } from './startRefused.ts'

/**
 * One process per data folder. The lock is the file `lock.<generation>` with the highest generation; it is held while
 * the process it names lives, and free when that process is dead or has written RELEASED into it.
 *
 * A stale lock is not deleted but outbid: whoever creates the next generation (O_EXCL) has it. Deleting would let a
 * slow starter, who judged the old file, delete the new holder's. A creator that then sees a higher generation backs
 * off: it created a number that had been used and cleared before.
 */
export interface FolderLock {
  release(): Promise<void>
}

interface Holder {
  pid: number
  identity: string
}

const RELEASED = 'released\n'
/** A lock file that is still empty after this time belongs to a process that died between creating and writing it. */
const WRITING_MS = 1000

/** Locks the folder for this process, or throws StartRefused, which names the holder. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const me: Holder = { pid: process.pid, identity: (await processIdentity(process.pid)) ?? 'unknown' }
  for (;;) {
    const newest = await newestGeneration(folder)
    const holder = newest === 0 ? null : await livingHolder(lockFile(folder, newest))
    if (holder) throw new StartRefused(refusal(folder, holder.pid))
    const mine = newest + 1
    if (!(await create(lockFile(folder, mine), me))) continue
    if ((await newestGeneration(folder)) > mine) {
      await rm(lockFile(folder, mine), { force: true })
      continue
    }
    await removeOlder(folder, mine)
    return { release: () => writeFile(lockFile(folder, mine), RELEASED) }
  }
}

function lockFile(folder: string, generation: number): string {
  return path.join(folder, `lock.${generation}`)
}

function refusal(folder: string, pid: number): string {
  const who = pid === process.pid ? 'This process already' : `Another agentview (pid ${pid})`
  return `${who} runs on ${folder}: stop it (kill ${pid}), or set AGENTVIEW_DATA to another folder and PORT to another port.`
}

async function create(file: string, me: Holder): Promise<boolean> {
  const handle = await unless(open(file, 'wx', 0o600), 'EEXIST')
  if (!handle) return false
  try {
    await handle.writeFile(JSON.stringify(me))
    await giveToFolderOwner(handle, path.dirname(file))
  } finally {
    await handle.close()
  }
  return true
}

async function generations(folder: string): Promise<number[]> {
  const names = await readdir(folder)
  return names.flatMap((name) => /^lock\.(\d{1,15})$/.exec(name)?.[1] ?? []).map(Number)
}

async function newestGeneration(folder: string): Promise<number> {
  return Math.max(0, ...(await generations(folder)))
}

async function removeOlder(folder: string, mine: number): Promise<void> {
  for (const generation of await generations(folder)) {
    if (generation < mine) await rm(lockFile(folder, generation), { force: true })
  }
}

async function livingHolder(file: string): Promise<Holder | null> {
  const holder = await readHolder(file)
  if (!holder) return null
  const identity = await processIdentity(holder.pid)
  if (identity === null) return null
  const comparable = identity !== 'unknown' && holder.identity !== 'unknown'
  return comparable && identity !== holder.identity ? null : holder
}

async function readHolder(file: string): Promise<Holder | null> {
  const deadline = performance.now() + WRITING_MS
  for (;;) {
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      // ENOENT: a newer holder has cleared it.
      if (errorCode(error) === 'ENOENT') return RELEASED
      throw new StartRefused(`${file} can't be read (${errorCode(error)}): start as its user, or set AGENTVIEW_DATA.`)
    })
    const holder = text === RELEASED ? null : parseHolder(text)
    if (holder !== undefined) return holder
    if (performance.now() > deadline) return null
    await sleep(20)
  }
}

/** undefined: not written to its end. */
function parseHolder(text: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('identity' in value)) return undefined
    const { pid, identity } = value
    return typeof pid === 'number' && typeof identity === 'string' ? { pid, identity } : undefined
  } catch {
    return undefined
  }
}
