import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { isObject } from '@shared/domain/json'

/** What the replay needs of `<AGENTVIEW_DATA>/credentials.json`. */
export interface Credentials {
  url: string
  publishableKey: string
}

/** Reads the credentials of a data folder; null when there are none (yet). */
export async function readCredentials(data: string): Promise<Credentials | null> {
  try {
    const value: unknown = JSON.parse(await readFile(path.join(data, 'credentials.json'), 'utf8'))
    if (!isObject(value) || typeof value.url !== 'string' || typeof value.publishableKey !== 'string') return null
    return { url: value.url.replace(/\/$/, ''), publishableKey: value.publishableKey }
  } catch {
    return null
  }
}
