import { createHash, randomBytes } from 'node:crypto'
import { idOf, newId } from '@shared/domain/ids'
import type { Database } from './pool.ts'
import { query, queryOne } from './query.ts'
import { uuid } from './render.ts'

export type ApiKeyKind = 'secret' | 'publishable'

const PREFIX: Record<ApiKeyKind, string> = { secret: 'av_sk_', publishable: 'av_pk_' }

/** Makes a key and returns it: the only time it exists in clear, the database keeps its hash. */
export async function createApiKey(
  db: Pick<Database, 'query'>,
  organizationId: string,
  kind: ApiKeyKind,
  name: string,
): Promise<string> {
  return (await insertApiKey(db, organizationId, kind, name)).key
}

/** The same, with the id that the key has from now on. */
export async function insertApiKey(
  db: Pick<Database, 'query'>,
  organizationId: string,
  kind: ApiKeyKind,
  name: string,
): Promise<{ id: string; key: string }> {
  const id = newId('apiKey')
  const key = PREFIX[kind] + randomBytes(32).toString('base64url')
  await query(
    db,
    {
      name: 'create_api_key',
      text: 'insert into api_keys (id, organization_id, kind, hash, hint, name) values ($1, $2, $3, $4, $5, $6)',
    },
    [uuid('apiKey', id), uuid('organization', organizationId), kind, hashOf(key), key.slice(0, 10), name],
  )
  return { id, key }
}

export interface ApiKey {
  id: string
  organizationId: string
  kind: ApiKeyKind
}

/** The key's row, or null when it is unknown or revoked. Found by hash, so nothing secret is compared here. */
export async function findApiKey(db: Pick<Database, 'query'>, key: string): Promise<ApiKey | null> {
  const row = await queryOne<{ id: string; organization_id: string; kind: ApiKeyKind }>(
    db,
    {
      name: 'find_api_key',
      text: 'select id, organization_id, kind from api_keys where hash = $1 and revoked_at is null',
    },
    [hashOf(key)],
  )
  return (
    row && { id: idOf('apiKey', row.id), organizationId: idOf('organization', row.organization_id), kind: row.kind }
  )
}

/** How keys and refresh tokens are kept: they are random, so SHA-256 is enough. */
export function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
