import { uuidOf } from '@shared/domain/ids'
import type { OwnPostgres } from '../../cluster/startPostgres.ts'

/** Runs of some sessions, as Postgres has them. */
export interface Settled {
  completed: number
  /** Failed, cancelled, or alive still. */
  other: number
}

export async function countSettled(postgres: OwnPostgres, sessionIds: readonly string[]): Promise<Settled> {
  const uuids = sessionIds.map((id) => uuidOf('session', id))
  const [counted] = await postgres.query<{ completed: string; other: string }>(
    `select count(*) filter (where status = 'completed') as completed,
            count(*) filter (where status <> 'completed') as other
       from runs where session_id = any($1)`,
    [uuids],
  )
  return { completed: Number(counted?.completed), other: Number(counted?.other) }
}
