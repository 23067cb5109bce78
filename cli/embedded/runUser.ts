import { execFile } from 'node:child_process'
import { type FileHandle, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { StartRefused } from './startRefused.ts'

const run = promisify(execFile)

/** The user that runs initdb and postgres when we are root; Postgres refuses to run as root. */
export interface RunUser {
  uid: number
  gid: number
}

/** What a user would do with a file or folder, as bits of one permission triple. */
const READ = 4
const EXECUTE = 1

/** Debian and most others; macOS */
const NAMES = ['postgres', '_postgres']

export function isRoot(): boolean {
  return process.getuid?.() === 0
}

/** A file that root makes in a user's folder becomes the user's, who can then go on without root. */
export async function giveToFolderOwner(file: FileHandle, folder: string): Promise<void> {
  if (!isRoot()) return
  const { uid, gid } = await stat(folder)
  await file.chown(uid, gid)
}

/** Finds the unprivileged user, or creates it as a system user without a home or a shell. Only for root. */
export async function unprivilegedUser(onNotice: (line: string) => void): Promise<RunUser> {
  for (const name of NAMES) {
    const user = await lookUp(name)
    if (user) return user
  }
  onNotice('Postgres cannot run as root: creating the system user postgres for it.')
  const options = ['--system', '--user-group', '--no-create-home', '--shell', '/bin/false']
  const PATH = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`
  const created = await run('useradd', [...options, 'postgres'], { env: { PATH } })
    .then(() => lookUp('postgres'))
    .catch(() => null)
  if (created) return created
  throw new StartRefused(
    'Postgres cannot run as root, and there is no user postgres: create one, start as an ordinary user, or set DATABASE_URL.',
  )
}

async function lookUp(name: string): Promise<RunUser | null> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])])
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
  } catch {
    return null
  }
}

/** Whether the user may enter this folder and all folders above it, as far as permission bits tell. */
export async function mayEnter(folder: string, user: RunUser): Promise<boolean> {
  for (let place = await realpath(folder); ; place = path.dirname(place)) {
    if (!(await may(place, user, EXECUTE))) return false
    if (place === path.dirname(place)) return true
  }
}

/** Whether the user may read this file, including the way to it. */
export async function mayRead(file: string, user: RunUser): Promise<boolean> {
  return (await may(file, user, READ)) && (await mayEnter(path.dirname(file), user))
}

/** Whether the user may run this program, including the way to it. */
export async function mayRun(file: string, user: RunUser): Promise<boolean> {
  return (await may(file, user, READ | EXECUTE)) && (await mayEnter(path.dirname(file), user))
}

async function may(place: string, user: RunUser, bits: number): Promise<boolean> {
  const { mode, uid, gid } = await stat(place)
  const shift = uid === user.uid ? 6 : gid === user.gid ? 3 : 0
  return ((mode >> shift) & bits) === bits
}
