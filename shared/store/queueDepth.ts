import type { Database } from './pool.ts'
import { query } from './query.ts'

/** How much waits for workers. */
export interface QueueDepth {
  /** Runs that could start now, at most `most` of them. */
  ready: number
  /** How long the first of them in line has been able to, in seconds; 0 when none waits. */
  waitedSeconds: number
}

/** Counts the runs that could start now, in the order of the queue; of a longer queue only its first `most`. */
export async function readQueueDepth(db: Database, most: number): Promise<QueueDepth> {
  const rows = await query<{ ready: number; waited: number }>(
    db,
    {
      name: 'read_queue_depth',
      text: `select count(*)::int as ready,
               coalesce(extract(epoch from clock_timestamp() - min(due_at)), 0)::float8 as waited
             from (select due_at from runs where status = 'queued' and is_next and lapses < 2
                   and due_at <= (select clock_timestamp()) order by priority desc, due_at limit $1) as line`,
    },
    [most],
  )
  const { ready = 0, waited = 0 } = rows[0] ?? {}
  return { ready, waitedSeconds: Math.max(0, waited) }
}
