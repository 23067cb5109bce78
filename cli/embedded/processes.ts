import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { errorCode } from './startRefused.ts'

const run = promisify(execFile)

/** Whether a process runs. A zombie does not: an orphan whose new parent never reaps it stays one for ever. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
  return linuxStat(pid)?.state !== 'Z'
}

/**
 * A text that tells this process from any later one that gets the same pid: boot and start time.
 * null: no such process. 'unknown': it runs, but the system does not say since when.
 */
export async function processIdentity(pid: number): Promise<string | null> {
  if (!isAlive(pid)) return null
  const stat = linuxStat(pid)
  if (stat) return `${bootId()} ${stat.startTicks}`
  return (await ps(pid, 'lstart=')) ?? 'unknown'
}

/** The command line of a process, or null where the system does not tell. */
export async function commandLine(pid: number): Promise<string | null> {
  const text = readOrNull(`/proc/${pid}/cmdline`)
  if (text !== null) return text.replaceAll('\0', ' ').trim()
  return process.platform === 'linux' ? null : ps(pid, 'command=')
}

/** Waits until the process is gone; false when it still runs after `ms`. */
export async function waitUntilGone(pid: number, ms: number): Promise<boolean> {
  const deadline = performance.now() + ms
  while (isAlive(pid)) {
    if (performance.now() > deadline) return false
    await sleep(10)
  }
  return true
}

/** Sends a signal; a process that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error
  }
}

/** Fields 3 and 22 of proc(5)'s stat. The command before them is in parentheses and may itself contain any character. */
function linuxStat(pid: number): { state: string; startTicks: string } | null {
  const text = readOrNull(`/proc/${pid}/stat`)
  if (text === null) return null
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0] ?? '', startTicks: fields[19] ?? '' }
}

function bootId(): string {
  return readOrNull('/proc/sys/kernel/random/boot_id')?.trim() ?? ''
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

async function ps(pid: number, column: string): Promise<string | null> {
  try {
    const { stdout } = await run('ps', ['-o', column, '-p', String(pid)], {
      env: { PATH: '/bin:/usr/bin', LC_ALL: 'C' },
    })
    return stdout.trim() || null
  } catch {
    return null
  }
}
