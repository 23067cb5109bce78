import { idOf } from '@shared/domain/ids'
import type { Database } from './pool.ts'
import { query, queryOne } from './query.ts'
import { uuid } from './render.ts'

/** Catches the deltas of hours that had no partition in time; rows leave it one by one. */
export const DEFAULT_PARTITION = 'session_deltas_default'

/** Partitions whose hour was over so many ms ago, the oldest first. */
export async function findOldPartitions(db: Database, olderThanMs: number): Promise<string[]> {
  const rows = await query<{ name: string }>(
    db,
    {
      name: 'find_old_partitions',
      // by name, which is the hour: one is over when another hour has begun
      text: `select c.relname::text as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
             where i.inhparent = 'session_deltas'::regclass and c.relname ~ '^session_deltas_\\d{10}$' and c.relname <
               'session_deltas_' || to_char((clock_timestamp() - make_interval(secs => $1)) at time zone 'UTC', 'YYYYMMDDHH24')
             order by c.relname`,
    },
    [olderThanMs / 1_000],
  )
  return rows.map((row) => row.name)
}

/** Whether a run that has not ended keeps a partition that was over so many ms ago. False as well when it is gone. */
export async function isPartitionHeld(db: Database, partition: string, overMs: number): Promise<boolean> {
  const row = await queryOne<{ held: boolean }>(
    db,
    { name: 'deltas_are_held', text: 'select deltas_are_held_v1($1, $2) as held' },
    [partition, overMs],
  )
  return row!.held
}

/**
 * Raises the floors of the next `limit` sessions, by id, that have deltas in a partition: as far as what is settled and
 * ended so many ms ago. Returns these sessions; none when there are no more. A head that is locked is left for later.
 */
export async function raiseDeltaFloors(
  db: Database,
  partition: string,
  after: string | null,
  limit: number,
  graceMs: number,
): Promise<string[]> {
  const rows = await query<{ id: string }>(
    db,
    { name: 'raise_delta_floors', text: 'select id from raise_delta_floors_v1($1, $2, $3, $4) as id' },
    [partition, after === null ? FIRST : uuid('session', after), limit, graceMs],
  )
  return rows.map((row) => idOf('session', row.id))
}

const FIRST = '00000000-0000-0000-0000-000000000000'

/** Raises the floors of sessions likewise. Returns those whose heads were locked: they are left for later. */
export async function raiseFloors(db: Database, sessionIds: readonly string[], graceMs: number): Promise<string[]> {
  const rows = await query<{ id: string }>(
    db,
    { name: 'raise_floors', text: 'select id from raise_floors_v1($1::uuid[], $2) as id' },
    [sessionIds.map((id) => uuid('session', id)), graceMs],
  )
  return rows.map((row) => idOf('session', row.id))
}

/** Drops a partition when all that stands in it is below the floors; waits at most `lockMs` for each lock. */
export async function dropPartition(
  db: Database,
  partition: string,
  lockMs: number,
): Promise<'dropped' | 'needed' | 'busy' | 'absent'> {
  const row = await queryOne<{ outcome: 'dropped' | 'needed' | 'busy' | 'absent' }>(
    db,
    { name: 'drop_delta_partition', text: 'select drop_delta_partition_v1($1, $2) as outcome' },
    [partition, lockMs],
  )
  return row!.outcome
}

/** Deletes at most `limit` deltas of these sessions below their floors from the default partition; how many it were. */
export async function forgetDefaultDeltas(db: Database, sessionIds: readonly string[], limit: number): Promise<number> {
  const row = await queryOne<{ deleted: number }>(
    db,
    { name: 'forget_default_deltas', text: 'select forget_default_deltas_v1($1::uuid[], $2) as deleted' },
    [sessionIds.map((id) => uuid('session', id)), limit],
  )
  return row!.deleted
}
