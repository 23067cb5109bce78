import { idOf, newId } from '@shared/domain/ids'
import type { JsonObject } from '@shared/domain/json'
import type { EndUser, Space } from '@shared/domain/objects'
import { tunables } from '@shared/domain/tunables'
import type { Database } from './pool.ts'
import { type IdempotencyKey, storedKey } from './idempotencyKey.ts'
import { callFunction, query, queryOne } from './query.ts'
import { iso, uuid } from './render.ts'

export interface EndUserRow {
  id: string
  external_id: string | null
  anonymous: boolean
  metadata: JsonObject
  space: Space
  created_at: Date | string
}

export const END_USER_COLUMNS = 'id, external_id, anonymous, metadata, space, created_at'

export function toEndUser(row: EndUserRow): EndUser {
  return {
    id: idOf('endUser', row.id),
    ...(row.external_id !== null && { externalId: row.external_id }),
    anonymous: row.anonymous,
    metadata: row.metadata,
    space: row.space,
    createdAt: iso(row.created_at),
  }
}

/** Somebody who hasn't said who he is. */
export async function createAnonymousEndUser(
  db: Database,
  organizationId: string,
  metadata: JsonObject,
): Promise<EndUser> {
  const row = await queryOne<EndUserRow>(
    db,
    {
      name: 'create_anonymous_end_user',
      text: `insert into end_users (id, organization_id, anonymous, metadata) values ($1, $2, true, $3) returning ${END_USER_COLUMNS}`,
    },
    [uuid('endUser', newId('endUser')), uuid('organization', organizationId), JSON.stringify(metadata)],
  )
  return toEndUser(row!)
}

/** Which of these end users are there and not revoked, nor the family of tokens by which they ask, in their order. */
export async function areEndUsers(
  db: Database,
  asked: readonly { organizationId: string; endUserId: string; familyId?: string | undefined }[],
): Promise<boolean[]> {
  const rows = await query<{ known: boolean }>(
    db,
    {
      name: 'are_end_users',
      text: `select e.id is not null as known
             from unnest($1::uuid[], $2::uuid[], $3::uuid[]) with ordinality a(organization_id, end_user_id, family_id, no)
             -- one by one, by the key: of a table that is still short a kept plan would read all
             left join lateral (
               select u.id from end_users u
               where u.id = a.end_user_id and u.organization_id = a.organization_id and u.revoked_at is null
                 and (a.family_id is null or not exists (
                   select from refresh_tokens t where t.family_id = a.family_id and t.revoked_at is not null limit 1))
               limit 1
             ) e on true
             order by a.no`,
    },
    [
      asked.map(({ organizationId }) => uuid('organization', organizationId)),
      asked.map(({ endUserId }) => uuid('endUser', endUserId)),
      asked.map(({ familyId }) => (familyId === undefined ? null : uuid('tokenFamily', familyId))),
    ],
  )
  return rows.map(({ known }) => known)
}

/** An organization's end user; null when absent, another's, or revoked. */
export async function findEndUser(db: Database, organizationId: string, id: string): Promise<EndUser | null> {
  const row = await queryOne<EndUserRow>(
    db,
    {
      name: 'find_end_user',
      text: `select ${END_USER_COLUMNS} from end_users where id = $1 and organization_id = $2 and revoked_at is null`,
    },
    [uuid('endUser', id), uuid('organization', organizationId)],
  )
  return row && toEndUser(row)
}

export interface NewEndUser {
  id: string
  organizationId: string
  externalId: string
  /** Merged with what he has; a null takes its key away. */
  metadata: JsonObject
  /** Of somebody new; `production` unless said. */
  space?: Space
}

export type EndUserOutcome =
  | { outcome: 'created' | 'updated'; endUser: EndUser }
  // `created`: whether it was by the request that is asked again
  | { outcome: 'replayed'; created: boolean; endUser: EndUser }
  | { outcome: 'mismatch' | 'absent' | 'too_large' }

type StoredOutcome =
  | { outcome: 'created' | 'updated'; endUser: EndUserRow }
  | { outcome: 'replayed'; created: boolean; endUser: EndUserRow }
  | { outcome: 'mismatch' | 'absent' | 'too_large' }

const render = (stored: StoredOutcome): EndUserOutcome =>
  'endUser' in stored ? { ...stored, endUser: toEndUser(stored.endUser) } : stored

/** Makes an end user known by his external id, or changes the one who is. `absent`: he was revoked, or erased since. */
export async function upsertEndUser(
  db: Pick<Database, 'query'>,
  endUser: NewEndUser,
  key?: IdempotencyKey,
): Promise<EndUserOutcome> {
  const organizationId = uuid('organization', endUser.organizationId)
  const parameter = { ...endUser, id: uuid('endUser', endUser.id), organizationId, metadataMax: tunables.metadataBytes }
  return render(await callFunction(db, 'upsert_end_user_v1', parameter, key ? storedKey(key, organizationId) : null))
}

/** Merges metadata into an end user's. */
export async function updateEndUser(
  db: Database,
  organizationId: string,
  endUserId: string,
  metadata: JsonObject,
): Promise<EndUserOutcome> {
  return render(
    await callFunction(db, 'update_end_user_v1', {
      organizationId: uuid('organization', organizationId),
      endUserId: uuid('endUser', endUserId),
      metadata,
      metadataMax: tunables.metadataBytes,
    }),
  )
}

/** Whoever has this external id; null when nobody has. */
export async function findByExternalId(
  db: Database,
  organizationId: string,
  externalId: string,
): Promise<{ id: string; revoked: boolean } | null> {
  const row = await queryOne<{ id: string; revoked: boolean }>(
    db,
    {
      name: 'find_by_external_id',
      text: 'select id, revoked_at is not null as revoked from end_users where organization_id = $1 and external_id = $2',
    },
    [uuid('organization', organizationId), externalId],
  )
  return row && { id: idOf('endUser', row.id), revoked: row.revoked }
}
