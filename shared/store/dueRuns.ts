import { idOf } from '@shared/domain/ids'
import type { Database } from './pool.ts'
import { query } from './query.ts'

// In these statements the time is a subselect: a bare clock_timestamp() is volatile, which an index can't be asked for.

/** Runs that could start but that nobody has claimed for a while: their bell was lost, or all workers are busy. */
export async function findUnclaimedRuns(db: Database, olderThanMs: number, limit: number): Promise<string[]> {
  const rows = await query<{ id: string }>(
    db,
    {
      name: 'find_unclaimed_runs',
      text: 'select id from find_unclaimed_runs_v1($1, $2) as id',
    },
    [olderThanMs, limit],
  )
  return rows.map((row) => idOf('run', row.id))
}

/**
 * Whether a run waits in the quarantine's line, or is about to: it has lost one worker, and less than `left` ms of its
 * present one's lease are left. A process takes its time to start, which the run then need not wait for.
 */
export async function isQuarantineNeeded(db: Database, left: number): Promise<boolean> {
  const rows = await query(
    db,
    {
      name: 'is_quarantine_needed',
      text: `select 1 as due where exists (
               select from runs where status = 'queued' and is_next and lapses >= 2
               and due_at <= (select clock_timestamp()))
             or exists (
               select from workers w join runs r on r.worker_id = w.id and r.status = 'running'
               where w.lapsed_at is null and not w.quarantine and r.lapses = 1
               and w.lease_until < clock_timestamp() + make_interval(secs => $1))`,
    },
    [left / 1_000],
  )
  return rows.length > 0
}

/** A live run past its time, and which time that was. */
export interface OverdueRun {
  sessionId: string
  runId: string
  waitsFor: 'end' | 'resume' | 'push'
}

/** Live runs past their deadline: that of a run or leg, of a pause, or of the next push of an agent app. */
export async function findOverdueRuns(db: Database, limit: number): Promise<OverdueRun[]> {
  const rows = await query<{ id: string; session_id: string; waits_for: OverdueRun['waitsFor'] }>(
    db,
    {
      name: 'find_overdue_runs',
      text: `select id, session_id, case when status = 'paused' then 'resume' when owner = 'external' then 'push' else 'end' end
               as waits_for from runs where status in ('queued', 'running', 'paused') and is_next
             and deadline_at <= (select clock_timestamp()) order by deadline_at limit $1`,
    },
    [limit],
  )
  return rows.map((row) => ({
    sessionId: idOf('session', row.session_id),
    runId: idOf('run', row.id),
    waitsFor: row.waits_for,
  }))
}

/** Makes the partitions that deltas of the coming hours need. */
export async function ensureDeltaPartitions(db: Database, hours: number): Promise<void> {
  await query(db, { name: 'ensure_delta_partitions', text: 'select ensure_delta_partitions_v1($1)' }, [hours])
}

/** Idempotency records past their time; tells how many. Bounded, so that it never holds many locks: call it until 0. */
export async function forgetIdempotencyKeys(db: Database, olderThanMs: number): Promise<number> {
  const rows = await query<{ count: number }>(
    db,
    {
      name: 'forget_idempotency_keys',
      text: `with gone as (
               delete from idempotency_keys where ctid = any (array(
                 select ctid from idempotency_keys
                 where created_at < (select clock_timestamp()) - make_interval(secs => $1) limit 5000))
               returning 1)
             select count(*)::int as count from gone`,
    },
    [olderThanMs / 1_000],
  )
  return rows[0]!.count
}
