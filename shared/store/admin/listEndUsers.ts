import type { Knex } from 'knex'
import type { EndUser, Space } from '@shared/domain/objects'
import { END_USER_COLUMNS, type EndUserRow, toEndUser } from '../endUsers.ts'
import { queryOne } from '../query.ts'
import { uuid } from '../render.ts'
import { type Page, beyond } from '../sessions.ts'
import type { Client } from './audit.ts'

export interface EndUserFilter {
  after: string | null
  space?: Space | undefined
  anonymous?: boolean | undefined
  /** The beginning of it. */
  externalId?: string | undefined
}

/** End users by their ids, which follow the order of their coming. Revoked ones as well, not those that were erased. */
export async function listEndUsers(
  reads: Knex,
  organizationId: string,
  { after, space, anonymous, externalId }: EndUserFilter,
  { limit, order }: Page,
): Promise<EndUser[]> {
  const list = reads('end_users')
    .select(reads.raw(END_USER_COLUMNS))
    .where('organization_id', uuid('organization', organizationId))
    .whereNull('deleted_at')
    .orderBy('id', order)
    .limit(limit)
  if (after) void list.where('id', beyond(order), uuid('endUser', after))
  if (space !== undefined) void list.where({ space })
  if (anonymous !== undefined) void list.where({ anonymous })
  if (externalId !== undefined) void list.whereRaw('starts_with(external_id, ?)', [externalId])
  const rows: EndUserRow[] = await list
  return rows.map(toEndUser)
}

/** Also one who was revoked; null when absent, another's, or erased. */
export async function findEndUserOf(db: Client, organizationId: string, id: string): Promise<EndUser | null> {
  const row = await queryOne<EndUserRow>(
    db,
    {
      name: 'find_end_user_of',
      text: `select ${END_USER_COLUMNS} from end_users where id = $1 and organization_id = $2 and deleted_at is null`,
    },
    [uuid('endUser', id), uuid('organization', organizationId)],
  )
  return row && toEndUser(row)
}
