import type { Cut } from '@shared/domain/cuts'
import { idOf, uuidOf } from '@shared/domain/ids'
import type { Database } from './pool.ts'
import { query } from './query.ts'

type PrincipalKind = 'endUser' | 'apiKey' | 'tokenFamily' | 'member' | 'loginSession'

/**
 * Which of these principals (ids of end users, API keys, families of tokens, members and their logins) may not read any more, and why. One
 * statement, however many there are; each is looked up by its key.
 */
export async function readLostPrincipals(db: Database, principals: readonly string[]): Promise<Cut[]> {
  const of = (kind: PrincipalKind) => principals.flatMap((id) => uuidOf(kind, id) ?? [])
  const rows = await query<{ kind: PrincipalKind; id: string; reason: Cut['reason'] }>(
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
             where k.id is null or k.revoked_at is not null
             union all
             select 'tokenFamily', a.id, 'revoked' from unnest($3::uuid[]) a(id)
             where exists (select from refresh_tokens t where t.family_id = a.id and t.revoked_at is not null limit 1)
             union all
             select 'member', a.id, 'revoked' from unnest($4::uuid[]) a(id)
             left join lateral (select * from members m where m.id = a.id limit 1) m on true
             where m.id is null or m.removed_at is not null
             union all
             select 'loginSession', a.id, 'revoked' from unnest($5::uuid[]) a(id)
             left join lateral (select * from login_sessions l where l.id = a.id limit 1) l on true
             where l.id is null`,
    },
    [of('endUser'), of('apiKey'), of('tokenFamily'), of('member'), of('loginSession')],
  )
  return rows.map(({ kind, id, reason }) => ({ subject: idOf(kind, id), reason }))
}
