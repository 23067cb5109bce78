import { uuidOf } from '@shared/domain/ids'
import pg from 'pg'

/** Runs of some sessions, as Postgres has them. */
export interface Settled {
  completed: number
  /** Failed, cancelled, or alive still. */
  other: number
}

export async function countSettled({ url }: { url: string }, sessionIds: readonly string[]): Promise<Settled> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const uuids = sessionIds.map((id) => uuidOf('session', id))
    const { rows } = await client.query<{ completed: number; other: number }>(COUNT, [uuids])
    return rows[0]!
  } finally {
    await client.end()
  }
}

const COUNT = `
  select count(*) filter (where status = 'completed')::int as completed,
         count(*) filter (where status <> 'completed')::int as other
    from runs where session_id = any($1)`
