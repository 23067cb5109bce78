import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const EVERY_MS = 100

/** Bytes of memory that a process has at the moment (its resident set). */
export async function memoryOf(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)])
  return Number(stdout) * 1_024
}

/** The most that it has until `over`. */
export async function peakMemoryOf(pid: number, over: Promise<unknown>): Promise<number> {
  let peak = 0
  for (let done = false; !done; done = await Promise.race([over.then(() => true), sleep(EVERY_MS, false)])) {
    peak = Math.max(peak, await memoryOf(pid))
  }
  return peak
}
