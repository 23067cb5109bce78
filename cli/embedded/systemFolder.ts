import { chmod, lstat, mkdir } from 'node:fs/promises'
import { StartRefused } from './startRefused.ts'

/** Readable by all, writable by root: for what has to be reached by Postgres' user when root starts us in a private folder. */
const SYSTEM_FOLDER = process.platform === 'darwin' ? '/var/db/agentview' : '/var/lib/agentview'
const WRITABLE_BY_OTHERS = 0o022

/** The folder, made on first use. Only for root. Throws StartRefused where it can't be made or others could change it. */
export async function systemFolder(): Promise<string> {
  try {
    const made = await mkdir(SYSTEM_FOLDER, { recursive: true })
    if (made !== undefined) await chmod(SYSTEM_FOLDER, 0o755)
    const { uid, mode } = await lstat(SYSTEM_FOLDER)
    if (uid === 0 && (mode & WRITABLE_BY_OTHERS) === 0) return SYSTEM_FOLDER
  } catch {
    // Read-only systems have no such place; the refusal says what helps.
  }
  const why = `Postgres cannot run as root, no other user can reach this folder, and ${SYSTEM_FOLDER} is not usable`
  throw new StartRefused(`${why}: put the repository and AGENTVIEW_DATA where others may read, or set DATABASE_URL.`)
}
