import { idOf } from '@shared/domain/ids'
import type { Database } from './pool.ts'
import { query, queryOne } from './query.ts'
import { uuid } from './render.ts'

/**
 * Takes from an end user's row what it says of the person, and his tokens and idempotency keys. His sessions go next, and
 * the row with the last of them. False: there is no such end user.
 */
export async function eraseEndUser(
  db: Pick<Database, 'query'>,
  organizationId: string,
  endUserId: string,
): Promise<boolean> {
  const row = await queryOne<{ erased: boolean }>(
    db,
    { name: 'erase_end_user_v1', text: 'select erase_end_user_v1($1, $2, $3) as erased' },
    [uuid('organization', organizationId), uuid('endUser', endUserId), endUserId],
  )
  return row!.erased
}

export interface ErasedEndUser {
  id: string
  organizationId: string
  /** Some of his sessions that are not deleted yet: whoever erased him was stopped. */
  sessionIds: string[]
  /** There are rows of sessions of his. */
  hasRows: boolean
}

/** End users who were erased and whose rows are still there, the longest erased first. */
export async function findErasedEndUsers(db: Database, limit: number, sessions: number): Promise<ErasedEndUser[]> {
  const rows = await query<{ id: string; organization_id: string; session_ids: string[]; has_rows: boolean }>(
    db,
    {
      name: 'erased_end_users_v1',
      text: 'select id, organization_id, session_ids, has_rows from erased_end_users_v1($1, $2)',
    },
    [limit, sessions],
  )
  return rows.map((row) => ({
    id: idOf('endUser', row.id),
    organizationId: idOf('organization', row.organization_id),
    sessionIds: row.session_ids.map((id) => idOf('session', id)),
    hasRows: row.has_rows,
  }))
}

/** Removes the rows of erased end users who have no sessions; keys of requests that were under way go as well. */
export async function removeEndUsers(db: Database, endUsers: readonly ErasedEndUser[]): Promise<void> {
  await query(
    db,
    {
      name: 'remove_end_users',
      text: `with gone as (
               select * from unnest($1::uuid[], $2::uuid[], $3::text[]) as g (organization_id, id, principal)
             ), keys as (
               delete from idempotency_keys k using gone g
                 where k.organization_id = g.organization_id and k.principal = g.principal
             )
             delete from end_users u using gone g where u.id = g.id and u.deleted_at is not null`,
    },
    [
      endUsers.map(({ organizationId }) => uuid('organization', organizationId)),
      endUsers.map(({ id }) => uuid('endUser', id)),
      endUsers.map(({ id }) => id),
    ],
  )
}
