import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'

/** What the first start makes for its operator; the database holds the keys only hashed. */
export interface Credentials {
  url: string
  /** Where people log in. */
  studioUrl: string
  /** The first owner's login. Absent where somebody could log in already. */
  owner?: { email: string; password: string }
  organizationId: string
  secretKey: string
  publishableKey: string
  /** Verifies AgentView's requests to agent apps (Standard Webhooks). */
  agentSigningSecret: string
}

function fileIn(dataFolder: string): string {
  return path.join(dataFolder, 'credentials.json')
}

/** What an earlier start wrote; null when there is nothing. */
export async function readCredentials(dataFolder: string): Promise<Credentials | null> {
  try {
    return JSON.parse(await readFile(fileIn(dataFolder), 'utf8')) as Credentials
  } catch {
    return null
  }
}

/** Readable by its owner only; whole or not at all. */
export async function writeCredentials(dataFolder: string, credentials: Credentials): Promise<string> {
  await mkdir(dataFolder, { recursive: true })
  const file = fileIn(dataFolder)
  const draft = `${file}.${process.pid}`
  await writeFile(draft, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 })
  await rename(draft, file)
  return file
}
