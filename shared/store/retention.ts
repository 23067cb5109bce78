import { idOf } from '@shared/domain/ids'
import type { Database } from './pool.ts'
import { query, queryOne } from './query.ts'
import { uuid } from './render.ts'

/** Runs that ended more than `keepMs` ago and whose events were not forgotten yet, in the order of their ends. */
export async function findOutdatedRuns(
  db: Database,
  keepMs: number,
  limit: number,
): Promise<{ sessionId: string; runId: string }[]> {
  const rows = await query<{ session_id: string; run_id: string }>(
    db,
    { name: 'outdated_runs', text: 'select session_id, run_id from outdated_runs_v1($1, $2)' },
    [keepMs, limit],
  )
  return rows.map((row) => ({ sessionId: idOf('session', row.session_id), runId: idOf('run', row.run_id) }))
}

/**
 * Forgets what such runs have in the log below the floor, and their agent apps' answers: at most `limit` events. The
 * floors were raised before. Returns how many of the runs are done with, the others come again; null when another process
 * is at them or was.
 */
export async function forgetRunsEvents(db: Database, runIds: readonly string[], limit: number): Promise<number | null> {
  const row = await queryOne<{ done: number | null }>(
    db,
    { name: 'forget_runs_events', text: 'select forget_runs_events_v1($1::uuid[], $2) as done' },
    [runIds.map((id) => uuid('run', id)), limit],
  )
  return row!.done
}
