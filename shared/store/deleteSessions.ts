import { idOf } from '@shared/domain/ids'
import type { Database } from './pool.ts'
import { query, queryOne } from './query.ts'
import { uuid } from './render.ts'

export interface DeletedSessions {
  /** Those that were there. */
  sessionIds: string[]
  /** Their runs that lived: whoever carries them out is fenced and should be told. */
  runIds: string[]
}

/** Deletes sessions in one transaction: from then on they are absent to all. Their rows vanish by `eraseSessions`. */
export async function deleteSessions(
  db: Database,
  organizationId: string,
  sessionIds: readonly string[],
): Promise<DeletedSessions> {
  const row = await queryOne<{ deleted: DeletedSessions }>(
    db,
    { name: 'delete_sessions_v1', text: 'select delete_sessions_v1($1, $2::uuid[]) as deleted' },
    [uuid('organization', organizationId), sessionIds.map((id) => uuid('session', id))],
  )
  const { deleted } = row!
  return {
    sessionIds: deleted.sessionIds.map((id) => idOf('session', id)),
    runIds: deleted.runIds.map((id) => idOf('run', id)),
  }
}

/**
 * Removes the rows of deleted sessions: of so many at once, and at most so many rows of what hangs on them. True: there
 * may be more to do.
 */
export async function eraseSessions(db: Database, sessions: number, rows: number): Promise<boolean> {
  const row = await queryOne<{ more: boolean }>(
    db,
    { name: 'erase_sessions_v1', text: 'select erase_sessions_v1($1, $2) as more' },
    [sessions, rows],
  )
  return row!.more
}

/** Some of an end user's sessions that are not deleted. */
export async function findSessionsOf(db: Database, endUserId: string, limit: number): Promise<string[]> {
  const rows = await query<{ id: string }>(
    db,
    {
      name: 'find_sessions_of',
      text: 'select id from sessions where end_user_id = $1 and deleted_at is null order by id limit $2',
    },
    [uuid('endUser', endUserId), limit],
  )
  return rows.map(({ id }) => idOf('session', id))
}
