import { readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { commandLine, isAlive, signal, waitUntilGone } from './processes.ts'
import { unless } from './startRefused.ts'

/** What `postmaster.pid` says; Postgres writes its lines while it starts, so the later ones may be missing. */
export interface Postmaster {
  pid: number
  port: number | null
  status: 'starting' | 'ready' | 'stopping'
}

/** Postgres ends its sessions, writes a checkpoint and exits; the next start needs no recovery. */
const FAST_SHUTDOWN = 'SIGINT'
const FAST_MS = 2000
/** It exits at once; the next start recovers from the log. */
const IMMEDIATE_SHUTDOWN = 'SIGQUIT'
const IMMEDIATE_MS = 700

/** Lines of the file, by miscadmin.h (LOCK_FILE_LINE_*), counted from 0. */
const PID = 0
const PORT = 3
const STATUS = 7

/** Reads the text of a `postmaster.pid`; null when it names no process. */
export function parsePostmaster(text: string): Postmaster | null {
  const lines = text.split('\n').map((line) => line.trim())
  const pid = Number(lines[PID])
  if (!Number.isSafeInteger(pid) || pid <= 0) return null
  const port = Number(lines[PORT])
  const status = lines[STATUS] === 'ready' ? 'ready' : lines[STATUS] === 'stopping' ? 'stopping' : 'starting'
  return { pid, port: Number.isSafeInteger(port) && port > 0 ? port : null, status }
}

function postmasterFile(data: string): string {
  return path.join(data, 'postmaster.pid')
}

/** What the file says, without a look at the process. */
export async function readPostmasterFile(data: string): Promise<Postmaster | null> {
  const text = await unless(readFile(postmasterFile(data), 'utf8'), 'ENOENT')
  return text === undefined ? null : parsePostmaster(text)
}

/** The Postgres that runs on this data folder; null when there is no file, or its pid is not, or no longer, that Postgres. */
export async function readPostmaster(data: string): Promise<Postmaster | null> {
  const found = await readPostmasterFile(data)
  return found && isAlive(found.pid) && (await isPostgresOf(found.pid, data)) ? found : null
}

/**
 * Removes the file of a Postgres that no longer runs. Postgres does so itself, but takes a zombie, or another program
 * of its user with the same pid, for a living server, and refuses to start. Children that outlived their postmaster are
 * still kept from sharing the data with a new one: Postgres finds them by their shared memory, whose key is the folder's.
 */
export async function removeStaleFile(data: string): Promise<void> {
  if (!(await readPostmaster(data))) await rm(postmasterFile(data), { force: true })
}

/** False when the pid now belongs to another program, or to the Postgres of another folder. */
async function isPostgresOf(pid: number, data: string): Promise<boolean> {
  const command = await commandLine(pid)
  return command === null || (command.includes('postgres') && command.includes(`-D ${data} -p`))
}

/** Ends Postgres within three seconds, whether it is our child or adopted. */
export async function stopPostmaster(pid: number): Promise<void> {
  signal(pid, FAST_SHUTDOWN)
  if (await waitUntilGone(pid, FAST_MS)) return
  signal(pid, IMMEDIATE_SHUTDOWN)
  if (await waitUntilGone(pid, IMMEDIATE_MS)) return
  signal(pid, 'SIGKILL')
  await waitUntilGone(pid, IMMEDIATE_MS)
}
