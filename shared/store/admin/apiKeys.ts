import type { ApiKeyInfo } from '@shared/contracts/adminObjects'
import { idOf } from '@shared/domain/ids'
import type { ApiKeyKind } from '../apiKeys.ts'
import { query, queryOne } from '../query.ts'
import { iso, uuid } from '../render.ts'
import { type Page, START, beyond } from '../sessions.ts'
import type { Changed, Client } from './audit.ts'

interface KeyRow {
  id: string
  kind: ApiKeyKind
  name: string
  hint: string
  created_at: Date
  last_used_at: Date | null
  revoked_at: Date | null
}

const COLUMNS = 'id, kind, name, hint, created_at, last_used_at, revoked_at'

function toInfo(row: KeyRow): ApiKeyInfo {
  return {
    id: idOf('apiKey', row.id),
    kind: row.kind,
    name: row.name,
    hint: row.hint,
    createdAt: iso(row.created_at),
    ...(row.last_used_at && { lastUsedAt: iso(row.last_used_at) }),
    ...(row.revoked_at && { revokedAt: iso(row.revoked_at) }),
  }
}

export async function listApiKeys(
  db: Client,
  organizationId: string,
  { after, limit, order }: Page & { after: string | null },
): Promise<ApiKeyInfo[]> {
  const rows = await query<KeyRow>(
    db,
    {
      name: `list_api_keys_${order}`,
      text: `select ${COLUMNS} from api_keys where organization_id = $1 and id ${beyond(order)} $2::uuid
             order by id ${order} limit $3`,
    },
    [uuid('organization', organizationId), after ? uuid('apiKey', after) : START[order].id, limit],
  )
  return rows.map(toInfo)
}

export async function findApiKeyInfo(db: Client, organizationId: string, keyId: string): Promise<ApiKeyInfo | null> {
  const row = await queryOne<KeyRow>(
    db,
    { name: 'find_api_key_info', text: `select ${COLUMNS} from api_keys where id = $1 and organization_id = $2` },
    [uuid('apiKey', keyId), uuid('organization', organizationId)],
  )
  return row && toInfo(row)
}

/** Again changes nothing. `absent`: there is no such key. */
export async function revokeApiKey(
  client: Client,
  organizationId: string,
  keyId: string,
): Promise<Changed<'revoked' | 'unchanged' | 'absent'>> {
  const key = await queryOne<{ name: string; revoked_at: Date | null }>(
    client,
    {
      name: 'lock_api_key',
      text: 'select name, revoked_at from api_keys where id = $1 and organization_id = $2 for no key update',
    },
    [uuid('apiKey', keyId), uuid('organization', organizationId)],
  )
  if (!key) return { result: 'absent', note: null }
  if (key.revoked_at) return { result: 'unchanged', note: null }
  await query(
    client,
    { name: 'revoke_api_key', text: 'update api_keys set revoked_at = clock_timestamp() where id = $1' },
    [uuid('apiKey', keyId)],
  )
  return { result: 'revoked', note: { action: 'apiKey.revoke', target: keyId, details: { name: key.name } } }
}

/** Notes that keys were just used. */
export async function noteKeyUse(db: Client, keyIds: readonly string[]): Promise<void> {
  await query(
    db,
    {
      name: 'note_key_use',
      text: 'update api_keys set last_used_at = clock_timestamp() where id = any (array(select unnest($1::uuid[])))',
    },
    [keyIds.map((id) => uuid('apiKey', id))],
  )
}
