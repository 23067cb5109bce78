import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { unless } from 'agentview/embedded/startRefused'

/**
 * A folder in which a cluster's data stays from one call of the bench to the next: Postgres' own, and what its rows were
 * made with.
 */
export interface KeptData {
  folder: string
  /** Postgres' data. */
  postgres: string
  /** AGENTVIEW_SECRET. */
  secret: string
}

export async function openKept(folder: string): Promise<KeptData> {
  const postgres = path.join(folder, 'postgres')
  await mkdir(postgres, { recursive: true })
  return { folder, postgres, secret: await secretOf(folder) }
}

/**
 * The version of an agent that is published now: greater at a later second. Each start has its own, since the agent app is
 * at another address then, and a published version never changes. A part has six digits at most.
 */
export function versionAt(now: number): string {
  const seconds = Math.floor(now / 1_000)
  return `1.${Math.floor(seconds / 1_000_000)}.${seconds % 1_000_000}`
}

async function secretOf(folder: string): Promise<string> {
  const file = path.join(folder, 'secret')
  const kept = await unless(readFile(file, 'utf8'), 'ENOENT')
  if (kept !== undefined) return kept
  const secret = randomBytes(32).toString('hex')
  await writeFile(file, secret, { mode: 0o600 })
  return secret
}

/** Gives AGENTVIEW_DATA the keys of the organization that the kept database has; those of a new one do not exist yet. */
export async function giveCredentials({ folder }: KeptData, data: string): Promise<void> {
  await unless(copyFile(path.join(folder, FILE), path.join(data, FILE)), 'ENOENT')
}

/** Keeps the keys that the first start has made. */
export async function keepCredentials({ folder }: KeptData, data: string): Promise<void> {
  await copyFile(path.join(data, FILE), path.join(folder, FILE))
}

const FILE = 'credentials.json'
