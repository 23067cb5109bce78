import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { isObject } from '@shared/domain/json'

/** What a client needs of `<AGENTVIEW_DATA>/credentials.json`. */
export interface Credentials {
  url: string
  publishableKey: string
  secretKey: string
  /** What an agent app checks calls with. */
  agentSigningSecret: string
}

/** Reads the credentials of a data folder; null when there are none (yet). */
export async function readCredentials(data: string): Promise<Credentials | null> {
  try {
    const value: unknown = JSON.parse(await readFile(path.join(data, 'credentials.json'), 'utf8'))
    if (!isObject(value)) return null
    const { url, publishableKey, secretKey, agentSigningSecret } = value
    if (typeof url !== 'string' || typeof publishableKey !== 'string' || typeof secretKey !== 'string') return null
    if (typeof agentSigningSecret !== 'string') return null
    return { url: url.replace(/\/$/, ''), publishableKey, secretKey, agentSigningSecret }
  } catch {
    return null
  }
}
