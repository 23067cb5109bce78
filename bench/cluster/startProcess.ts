import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface ProcessOptions {
  /** Names the process in messages, and its log file. */
  name: string
  command: string
  args: readonly string[]
  /** Its whole environment. */
  env: Readonly<Record<string, string | undefined>>
  cwd: string
  /** The folder of the log files. */
  logs: string
}

export interface StartedProcess {
  readonly name: string
  readonly pid: number
  readonly logFile: string
  /** Resolves with how it ended, e.g. `code 1` or `SIGKILL`. */
  readonly ended: Promise<string>
  /** How it ended, or null while it runs. */
  readonly end: string | null
  /** Sends a signal to this process alone, not to its children. */
  signal(signal: NodeJS.Signals): void
  /** Ends it: SIGINT, and SIGKILL to all of its group when it has not ended after `graceMs`. Idempotent. */
  stop(graceMs?: number): Promise<void>
  /** The last lines of its log. */
  tail(lines?: number): Promise<string>
}

const GRACE_MS = 30_000
const live = new Set<ChildProcess>()

// The last resort, when we end without having cleaned up: nothing that we started may stay.
process.on('exit', () => {
  for (const child of live) killGroup(child)
})

/** Starts a program in a process group of its own (so that Ctrl-C reaches only us, who then stop it), output to a file. */
export async function startProcess(options: ProcessOptions): Promise<StartedProcess> {
  const logFile = path.join(options.logs, `${options.name}.log`)
  const log = openSync(logFile, 'a')
  const { env, cwd } = options
  const child = spawn(options.command, options.args, {
    env: { ...env },
    cwd,
    detached: true,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `code ${code}`))
  })
  await once(child, 'spawn')
  live.add(child)
  void ended.then(() => live.delete(child))
  return {
    name: options.name,
    pid: child.pid!,
    logFile,
    ended,
    get end() {
      return child.signalCode ?? (child.exitCode === null ? null : `code ${child.exitCode}`)
    },
    signal: (signal) => void child.kill(signal),
    stop: (graceMs = GRACE_MS) => stop(child, ended, graceMs),
    tail: (lines = 40) => tail(logFile, lines),
  }
}

async function stop(child: ChildProcess, ended: Promise<string>, graceMs: number): Promise<void> {
  if (!live.has(child)) return
  child.kill('SIGINT')
  const timeout = new AbortController()
  const late = sleep(graceMs, 'late', { signal: timeout.signal }).catch(() => 'ended')
  if ((await Promise.race([ended, late])) === 'late') killGroup(child)
  timeout.abort()
  await ended
}

function killGroup(child: ChildProcess): void {
  try {
    process.kill(-child.pid!, 'SIGKILL')
  } catch {
    // It has ended in the meantime.
  }
}

async function tail(logFile: string, lines: number): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '')
  return text.trimEnd().split('\n').slice(-lines).join('\n')
}

/** Waits until `ready` says so; throws, with the log's end, when the process ends before or takes longer than `timeoutMs`. */
export async function waitUntil(
  process: StartedProcess,
  ready: () => Promise<boolean>,
  timeoutMs: number,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await ready())) {
    if (process.end !== null) throw await failure(process, `ended (${process.end}) before it was ready`)
    if (performance.now() > deadline) throw await failure(process, `was not ready after ${timeoutMs / 1000} s`)
    await sleep(50)
  }
}

/** Waits for the end of a process that has one task; throws, with the log's end, when it failed. */
export async function waitForSuccess(process: StartedProcess): Promise<void> {
  const end = await process.ended
  if (end !== 'code 0') throw await failure(process, `failed (${end})`)
}

async function failure(process: StartedProcess, why: string): Promise<Error> {
  return new Error(`${process.name} ${why}; its log ends:\n${await process.tail()}`)
}
