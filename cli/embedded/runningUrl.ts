import { realpath } from 'node:fs/promises'
import { databaseUrl } from './database.ts'
import { findData } from './dataFolder.ts'
import { keptPassword } from './initialise.ts'
import { readPostmaster } from './postmaster.ts'
import { unless } from './startRefused.ts'

/** The address of the Postgres that another process runs on a data folder, password and all; null when none does. */
export async function findRunningUrl(dataFolder: string): Promise<string | null> {
  const folder = await unless(realpath(dataFolder), 'ENOENT')
  const found = folder === undefined ? null : await findData(folder)
  const running = found && (await readPostmaster(found.data))
  if (folder === undefined || running?.status !== 'ready' || running.port === null) return null
  return databaseUrl(running.port, await keptPassword(folder))
}
