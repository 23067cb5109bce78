import { chmod, lstat, mkdtemp, readFile, readdir, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type RunUser, isRoot, mayEnter, unprivilegedUser } from './runUser.ts'
import { StartRefused, unless } from './startRefused.ts'
import { systemFolder } from './systemFolder.ts'

/**
 * Where Postgres' data lies. `home` holds it (and what is made while initialising), usually AGENTVIEW_DATA itself;
 * root with a folder that Postgres' user can't enter has it elsewhere, and the file LOCATION in AGENTVIEW_DATA says where.
 */
export interface DataFolder {
  home: string
  data: string
  /** null: Postgres runs as we do. */
  user: RunUser | null
  state: 'absent' | 'initialised'
}

const LOCATION = 'postgres.location'
const NAME = 'postgres'

/** The data that was made for this folder; null when there is none yet. Throws StartRefused when it isn't usable here. */
export async function findData(folder: string): Promise<Pick<DataFolder, 'home' | 'data'> | null> {
  const remembered = await unless(readFile(path.join(folder, LOCATION), 'utf8'), 'ENOENT')
  for (const home of [folder, remembered?.trim() ?? folder]) {
    const data = path.join(home, NAME)
    if (await holdsData(data)) return { home, data }
  }
  return null
}

/** Finds the data of this folder, or decides where it shall be made. Throws StartRefused when it isn't usable here. */
export async function findDataFolder(folder: string, onNotice: (line: string) => void): Promise<DataFolder> {
  const found = await findData(folder)
  if (found) return { ...found, user: await ownerOf(found.data), state: 'initialised' }
  const user = isRoot() ? await unprivilegedUser(onNotice) : null
  const home = user ? await reachableHome(folder, user, onNotice) : folder
  return { home, data: path.join(home, NAME), user, state: 'absent' }
}

/** Refuses data of another major version: Postgres can't read it. */
export async function refuseOtherVersion(data: string, major: number): Promise<void> {
  const found = (await readFile(path.join(data, 'PG_VERSION'), 'utf8')).trim()
  if (found === String(major)) return
  const why = `${data} was made by Postgres ${found}, and this version of agentview brings Postgres ${major}`
  throw new StartRefused(`${why}: set AGENTVIEW_DATA to another folder, or move the data by pg_dump.`)
}

/** Data gets its name only when initdb is through, so a folder of that name is complete, empty, or not ours to touch. */
async function holdsData(data: string): Promise<boolean> {
  const names = await unless(readdir(data), 'ENOENT').catch((error: unknown) => {
    throw new StartRefused(
      `${data} can't be read (${String(error)}): start as the user who made it, or set AGENTVIEW_DATA.`,
    )
  })
  if (names === undefined || names.length === 0) return false
  const complete =
    names.includes('PG_VERSION') && (await unless(lstat(path.join(data, 'global', 'pg_control')), 'ENOENT'))
  if (complete) return true
  throw new StartRefused(`${data} is not a complete Postgres data folder: move it away, or set AGENTVIEW_DATA.`)
}

/** Existing data is served by the user it belongs to, whoever that was at the first start. */
async function ownerOf(data: string): Promise<RunUser | null> {
  const { uid, gid } = await stat(data)
  if (!isRoot()) {
    if (uid === process.getuid?.()) return null
    throw new StartRefused(`${data} belongs to another user (uid ${uid}): start as that user, or set AGENTVIEW_DATA.`)
  }
  if (uid === 0) {
    throw new StartRefused(`${data} belongs to root, and Postgres cannot run as root: chown -R it to another user.`)
  }
  if (await mayEnter(path.dirname(data), { uid, gid })) return { uid, gid }
  throw new StartRefused(`${data} can't be reached by its owner (uid ${uid}): open the folders above it (chmod o+x).`)
}

async function reachableHome(folder: string, user: RunUser, onNotice: (line: string) => void): Promise<string> {
  // A folder without anything of anybody's is ours to open; all that we put in it is closed by itself.
  if (isEmpty(await readdir(folder))) await chmod(folder, 0o711)
  if (await mayEnter(folder, user)) return folder
  const home = await mkdtemp(path.join(await systemFolder(), 'data-'))
  await chmod(home, 0o711)
  await writeFile(path.join(folder, LOCATION), `${home}\n`)
  onNotice(`Postgres cannot run as root, and no other user can reach ${folder}: its data is in ${home}.`)
  return home
}

function isEmpty(names: string[]): boolean {
  return names.every((name) => name.startsWith('lock.'))
}
