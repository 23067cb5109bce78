import type { Cut } from '@shared/domain/cuts'
import { idOf, uuidOf } from '@shared/domain/ids'
import type { Database } from './pool.ts'
import { query } from './query.ts'

/**
 * Which of these principals (ids of end users and of API keys; others are left out) may not read any more, and why. One
 * statement, however many there are; each is looked up by its key.
 */
export async function readLostPrincipals(db: Database, principals: readonly string[]): Promise<Cut[]> {
  const of = (kind: 'endUser' | 'apiKey') => principals.flatMap((id) => uuidOf(kind, id) ?? [])
  const rows = await query<{ kind: 'endUser' | 'apiKey'; id: string; reason: Cut['reason'] }>(
    db,
    {
      name: 'read_lost_principals',
      // one by one, by the key: of a table that is still short a kept plan would read all
      text: `select 'endUser' as kind, a.id, case when u.revoked_at is null or u.deleted_at is not null
               then 'deleted' else 'revoked' end as reason
             from unnest($1::uuid[]) a(id)
             left join lateral (select * from end_users e where e.id = a.id limit 1) u on true
             where u.id is null or u.revoked_at is not null or u.deleted_at is not null
             union all
             select 'apiKey', a.id, 'revoked' from unnest($2::uuid[]) a(id)
             left join lateral (select * from api_keys k where k.id = a.id limit 1) k on true
             where k.id is null or k.revoked_at is not null`,
    },
    [of('endUser'), of('apiKey')],
  )
  return rows.map(({ kind, id, reason }) => ({ subject: idOf(kind, id), reason }))
}
