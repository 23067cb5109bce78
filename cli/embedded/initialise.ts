import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chown, mkdir, open, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Binaries } from './binaries.ts'
import type { DataFolder } from './dataFolder.ts'
import { StartRefused, unless } from './startRefused.ts'

/** The superuser of the cluster, and the name of the database. */
export const OWNER = 'agentview'
const PASSWORD_FILE = 'postgres.password'
const MAKING = 'postgres.initialising-'

/** The password that was made with the data. Throws StartRefused when it is gone. */
export async function keptPassword(folder: string): Promise<string> {
  const password = await unless(readFile(path.join(folder, PASSWORD_FILE), 'utf8'), 'ENOENT')
  if (password) return password.trim()
  const file = path.join(folder, PASSWORD_FILE)
  throw new StartRefused(
    `${file}, the password of the database beside it, is missing: restore it, or set AGENTVIEW_DATA.`,
  )
}

/**
 * Makes the data folder: initdb works under another name, and the rename at the end makes it count. A start that was
 * killed in between leaves only files with the prefix MAKING, which the next one removes.
 * The password is on disk before the data it opens.
 */
export async function initialise(folder: string, at: DataFolder, binaries: Binaries): Promise<string> {
  await removeUnfinished(at.home)
  const password = randomBytes(24).toString('hex')
  await writeDurably(path.join(folder, PASSWORD_FILE), password)
  const making = path.join(at.home, MAKING + randomBytes(4).toString('hex'))
  const passwordForInitdb = `${making}.password`
  try {
    await mkdir(making, { mode: 0o700 })
    await writeFile(passwordForInitdb, password, { mode: 0o600 })
    if (at.user) for (const place of [making, passwordForInitdb]) await chown(place, at.user.uid, at.user.gid)
    await initdb(making, passwordForInitdb, at, binaries)
    await rename(making, at.data)
    await syncFolder(at.home)
    return password
  } finally {
    await rm(passwordForInitdb, { force: true })
    await rm(making, { recursive: true, force: true })
  }
}

/** An initdb that outlived its start may still be adding files, which is why removing is tried again. It then fails by itself. */
async function removeUnfinished(home: string): Promise<void> {
  const patiently = { recursive: true, force: true, maxRetries: 6, retryDelay: 50 }
  for (const name of await readdir(home)) {
    if (name.startsWith(MAKING)) await rm(path.join(home, name), patiently).catch(() => undefined)
  }
}

async function initdb(data: string, passwordFile: string, at: DataFolder, binaries: Binaries): Promise<void> {
  const flags = [`--pgdata=${data}`, `--username=${OWNER}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256']
  // The builtin provider sorts and folds case the same on every system, whatever locales it has.
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const rest = ['--no-instructions', '--set', 'timezone=UTC', '--set', 'log_timezone=UTC']
  const child = spawn(binaries.initdb, [...flags, ...locale, ...rest], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    stdio: ['ignore', 'ignore', 'pipe'],
    ...at.user,
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const failure = await new Promise<string | null>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(code === 0 ? null : (lastLine(said) ?? `ended by ${signal ?? code}`)))
  })
  if (failure) throw new StartRefused(`Postgres' initdb failed in ${at.home}: ${failure}`)
}

function lastLine(text: string): string | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return lines.find((line) => /error|fatal|could not/i.test(line)) ?? lines.at(-1)
}

async function writeDurably(file: string, text: string): Promise<void> {
  await rm(file, { force: true })
  const handle = await open(file, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
