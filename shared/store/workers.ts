import { idOf } from '@shared/domain/ids'
import type { Database } from './pool.ts'
import { query, queryOne } from './query.ts'
import { uuid } from './render.ts'

/** Leases run on Postgres' clock: a worker's own may be wrong by minutes. */

export interface WorkerRow {
  id: string
  host: string
  pid: number
  concurrency: number
  /** Carries out only runs that have lost workers, one at a time, in a process that may die of them. */
  quarantine: boolean
}

/** Makes a worker known, with a lease of so many ms. */
export async function registerWorker(db: Database, worker: WorkerRow, lease: number): Promise<void> {
  await query(
    db,
    {
      name: 'register_worker',
      text: `insert into workers (id, host, pid, concurrency, quarantine, lease_until)
             values ($1, $2, $3, $4, $5, clock_timestamp() + make_interval(secs => $6))`,
    },
    [uuid('worker', worker.id), worker.host, worker.pid, worker.concurrency, worker.quarantine, lease / 1_000],
  )
}

/** A run that this worker still holds, by Postgres. */
export interface HeldRun {
  sessionId: string
  runId: string
  epoch: number
}

/** Renews a worker's lease (ms) and reads the runs it still holds; null when its runs were given to others. */
export async function heartbeat(db: Database, workerId: string, lease: number): Promise<HeldRun[] | null> {
  const rows = await query<{ alive: boolean; session_id: string | null; run_id: string | null; epoch: number }>(
    db,
    {
      name: 'heartbeat',
      text: `with renewed as (
               update workers set lease_until = clock_timestamp() + make_interval(secs => $2)
               where id = $1 and lapsed_at is null returning id
             )
             select true as alive, r.session_id, r.id as run_id, r.epoch
             from renewed left join runs r on r.worker_id = renewed.id and r.status = 'running'`,
    },
    [uuid('worker', workerId), lease / 1_000],
  )
  if (rows.length === 0) return null
  return rows.flatMap(({ session_id, run_id, epoch }) =>
    session_id === null || run_id === null
      ? []
      : [{ sessionId: idOf('session', session_id), runId: idOf('run', run_id), epoch }],
  )
}

/** A worker that stops for good: it holds nothing any more, and nobody needs to wait for its lease. */
export async function removeWorker(db: Database, workerId: string): Promise<void> {
  await query(
    db,
    {
      name: 'remove_worker',
      text: `update workers set lapsed_at = clock_timestamp() where id = $1 and lapsed_at is null`,
    },
    [uuid('worker', workerId)],
  )
}

/** Marks workers whose lease ended; from then on they can neither claim nor renew. `all` marks every one. */
export async function markLapsedWorkers(db: Database, scope: 'expired' | 'all'): Promise<number> {
  const rows = await query(
    db,
    {
      name: 'mark_lapsed_workers',
      text: `update workers set lapsed_at = clock_timestamp()
             where lapsed_at is null and ($1 or lease_until < clock_timestamp()) returning id`,
    },
    [scope === 'all'],
  )
  return rows.length
}

export interface OrphanedRun {
  sessionId: string
  runId: string
  epoch: number
  /** How many workers it has lost before this one. */
  lapses: number
}

/** Running runs whose worker has lapsed. */
export async function findOrphanedRuns(db: Database, limit: number): Promise<OrphanedRun[]> {
  const rows = await query<{ session_id: string; id: string; epoch: number; lapses: number }>(
    db,
    {
      name: 'find_orphaned_runs',
      text: `select r.session_id, r.id, r.epoch, r.lapses from workers w
             join runs r on r.worker_id = w.id and r.status = 'running'
             where w.lapsed_at is not null limit $1`,
    },
    [limit],
  )
  return rows.map((row) => ({
    sessionId: idOf('session', row.session_id),
    runId: idOf('run', row.id),
    epoch: row.epoch,
    lapses: row.lapses,
  }))
}

/** Forgets workers that lapsed long ago and hold nothing. */
export async function forgetWorkers(db: Database): Promise<void> {
  await query(
    db,
    {
      name: 'forget_workers',
      text: `delete from workers w where w.lapsed_at < clock_timestamp() - interval '1 day'
             and not exists (select from runs r where r.worker_id = w.id and r.status = 'running')`,
    },
    [],
  )
}

/** Whether a hold still stands: false when the run was fenced, ended or given to another. */
export async function holdStands(
  db: Database,
  hold: { sessionId: string; runId: string; epoch: number },
): Promise<boolean> {
  const row = await queryOne(
    db,
    {
      name: 'hold_stands',
      text: `select 1 as held from session_heads where session_id = $1 and held_run_id = $2 and held_epoch = $3`,
    },
    [uuid('session', hold.sessionId), uuid('run', hold.runId), hold.epoch],
  )
  return row !== null
}

/** For how long, in ms, this Postgres has been up: before that nobody could renew a lease. */
export async function readUptime(db: Database): Promise<number> {
  const row = await queryOne<{ ms: number }>(
    db,
    {
      name: 'read_uptime',
      text: 'select extract(epoch from clock_timestamp() - pg_postmaster_start_time())::float8 * 1000 as ms',
    },
    [],
  )
  return row!.ms
}
