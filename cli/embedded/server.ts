import { spawn } from 'node:child_process'
import { open, readFile, rename, stat } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Binaries } from './binaries.ts'
import type { DataFolder } from './dataFolder.ts'
import { answers } from './database.ts'
import { freePort } from './freePort.ts'
import { readPostmaster, readPostmasterFile, removeStaleFile } from './postmaster.ts'
import { giveToFolderOwner } from './runUser.ts'
import { settingArguments } from './settings.ts'
import { StartRefused, unless } from './startRefused.ts'

/** A Postgres that accepts connections. */
export interface Server {
  pid: number
  port: number
}

export interface Launch {
  folder: string
  at: DataFolder
  binaries: Binaries
  password: string
  settings: Readonly<Record<string, string>>
}

/** Recovery after a crash replays at most max_wal_size, which takes a slow disk well under this. */
const START_MS = 120_000
/** A port may be taken by another process, and the children of a killed postmaster need a moment to notice. */
const ATTEMPTS = 5
const RETRY_MS = 300
const LOG_BYTES = 5_000_000

/** The Postgres that a killed process of ours left running on this data, once it answers; null when there is none. */
export async function findRunning({ at, password }: Launch): Promise<Server | null> {
  const deadline = performance.now() + START_MS
  for (;;) {
    const found = await readPostmaster(at.data)
    if (!found) return null
    if (found.status === 'ready' && found.port && (await answers(found.port, password, at.data))) {
      return { pid: found.pid, port: found.port }
    }
    if (performance.now() > deadline) throw new StartRefused(unanswered(at.data, found.pid))
    await sleep(20)
  }
}

function unanswered(data: string, pid: number): string {
  return `A Postgres (pid ${pid}) runs on ${data} and doesn't answer: stop it (kill -INT ${pid}) and start again.`
}

/** Starts Postgres and waits until it accepts connections. Without a port it takes a free one. */
export async function startServer(launch: Launch, port?: number): Promise<Server> {
  const log = path.join(launch.folder, 'postgres.log')
  const size = (await unless(stat(log), 'ENOENT'))?.size ?? 0
  if (size > LOG_BYTES) await rename(log, `${log}.1`)
  for (let attempt = 1; ; attempt++) {
    const from = (await unless(stat(log), 'ENOENT'))?.size ?? 0
    const chosen = port ?? (await freePort())
    await removeStaleFile(launch.at.data)
    const pid = await launchOnce(launch, chosen, log)
    if (pid !== null) return { pid, port: chosen }
    const said = (await readFile(log, 'utf8')).slice(from)
    if (attempt === ATTEMPTS || !isPassing(said)) throw new StartRefused(failure(said, log))
    await sleep(RETRY_MS)
  }
}

function isPassing(said: string): boolean {
  return said.includes('Address already in use') || said.includes('still in use')
}

function failure(said: string, log: string): string {
  const lines = said.split('\n').filter((line) => line.trim() !== '')
  const telling = lines.find((line) => /FATAL|PANIC|error/.test(line)) ?? lines.at(-1) ?? 'it said nothing'
  return `Postgres did not start: ${telling.replace(/^.*?(FATAL|PANIC): +/, '')} (see ${log})`
}

/**
 * Runs `postgres` in a session of its own: a Ctrl-C in the terminal is for us, and we stop it in order. It writes its
 * log to a file, not to a pipe, so that it lives on undisturbed when we are killed. null: it exited.
 */
async function launchOnce({ at, binaries, settings }: Launch, port: number, log: string): Promise<number | null> {
  const output = await open(log, 'a', 0o600)
  await giveToFolderOwner(output, path.dirname(log))
  const child = spawn(binaries.postgres, ['-D', at.data, '-p', String(port), ...settingArguments(settings)], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    stdio: ['ignore', output.fd, output.fd],
    detached: true,
    ...at.user,
  })
  let exited = false
  child.once('exit', () => (exited = true))
  child.once('error', () => (exited = true))
  child.unref()
  const endWithUs = () => child.kill('SIGINT')
  process.once('exit', endWithUs)
  try {
    await output.close()
    const { pid } = child
    for (const deadline = performance.now() + START_MS; performance.now() < deadline; await sleep(5)) {
      if (exited || pid === undefined) return null
      const found = await readPostmasterFile(at.data)
      if (found?.pid === pid && found.status === 'ready') return pid
    }
    child.kill('SIGQUIT')
    return null
  } finally {
    process.removeListener('exit', endWithUs)
  }
}
