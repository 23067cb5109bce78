import type { OwnPostgres } from '../../cluster/startPostgres.ts'

/** Of all that has ended, so many runs and sessions at a time. */
const BATCH = 50
const ROWS = 5_000
/** Readers hold their locks for milliseconds; a busy machine adds to it. */
const LOCK_MS = 2_000
const FIRST = '00000000-0000-0000-0000-000000000000'

/** Puts deltas where they are forgotten row by row: a partition goes as a whole, an hour after it was begun. */
export async function openDeltas(postgres: OwnPostgres): Promise<void> {
  await postgres.query(`
    do $$
    declare
      v_name text;
    begin
      for v_name in
        select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
          where i.inhparent = 'session_deltas'::regclass and c.relname <> 'session_deltas_default'
      loop
        execute format('alter table session_deltas detach partition %I', v_name);
        execute format('insert into session_deltas select * from %I', v_name);
        execute format('drop table %I', v_name);
      end loop;
    end $$`)
}

/** Does what the reconciler does minutes later (workers/jobs/chores/compaction), at once; gives how many deltas went, and logs of runs. */
export async function compactNow(postgres: OwnPostgres): Promise<number> {
  let forgotten = 0
  for (let after: string | undefined = FIRST; after !== undefined;) {
    const sessions: { id: string }[] = await postgres.query(
      `select id from raise_delta_floors_v1('session_deltas_default', $1, $2, 0) as id`,
      [after, BATCH],
    )
    const [deltas] = await postgres.query<{ deleted: number }>(
      'select forget_default_deltas_v1($1::uuid[], $2) as deleted',
      [sessions.map(({ id }) => id), ROWS],
    )
    forgotten += deltas?.deleted ?? 0
    after = sessions.at(-1)?.id
  }
  for (let runs = await outdated(postgres); runs.length > 0; runs = await outdated(postgres)) {
    await postgres.query('select raise_floors_v1($1::uuid[], 0)', [[...new Set(runs.map((run) => run.session_id))]])
    const ids = runs.map((run) => run.run_id)
    const [done] = await postgres.query<{ runs: number | null }>(
      'select forget_runs_events_v1($1::uuid[], $2) as runs',
      [ids, ROWS],
    )
    if (!done?.runs) break
    forgotten += done.runs
  }
  return forgotten
}

/**
 * Drops a partition of what has ended since the last time, as the reconciler does hours later; gives how many deltas went
 * with it. Their floors are raised before they are made old, so that no reader sees them so.
 */
export async function dropPartitionNow(postgres: OwnPostgres): Promise<number> {
  // The product's own housekeeping may have made partitions again.
  await openDeltas(postgres)
  await postgres.query(`select raise_delta_floors_v1('session_deltas_default', $1, 1000, 0)`, [FIRST])
  const [hour] = await postgres.query<{ name: string; from: string; to: string }>(`
    select 'session_deltas_' || to_char(h at time zone 'UTC', 'YYYYMMDDHH24') as name, h::text as from,
      (h + interval '1 hour')::text as to from (select date_trunc('hour', now(), 'UTC') - interval '2 hours') as old (h)`)
  if (!hour) throw new Error('Postgres knows no time')
  const { name, from, to } = hour
  await postgres.query(
    `create table if not exists ${name} partition of session_deltas for values from ('${from}') to ('${to}')`,
  )
  const moved = await postgres.query(
    `update session_deltas d set at = $1 from session_heads h
     where h.session_id = d.session_id and d.seq <= h.floor_seq returning 1`,
    [from],
  )
  const [drop] = await postgres.query<{ outcome: string }>('select drop_delta_partition_v1($1, $2) as outcome', [
    name,
    LOCK_MS,
  ])
  return drop?.outcome === 'dropped' ? moved.length : 0
}

function outdated(postgres: OwnPostgres): Promise<{ run_id: string; session_id: string }[]> {
  return postgres.query('select run_id, session_id from outdated_runs_v1(0, $1)', [BATCH])
}
