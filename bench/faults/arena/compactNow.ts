import type { OwnPostgres } from '../../cluster/startPostgres.ts'

/** Of all that has ended, so many runs and sessions at a time. */
const BATCH = 50
const ROWS = 5_000
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

/** Does what the reconciler does minutes later (workers/jobs/chores/compaction), at once; gives how many events went. */
export async function compactNow(postgres: OwnPostgres): Promise<number> {
  const before = await countEvents(postgres)
  for (let after: string | undefined = FIRST; after !== undefined;) {
    const sessions: { id: string }[] = await postgres.query(
      `select id from raise_delta_floors_v1('session_deltas_default', $1, $2, 0) as id`,
      [after, BATCH],
    )
    await postgres.query('select forget_default_deltas_v1($1::uuid[], $2)', [sessions.map(({ id }) => id), ROWS])
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
  }
  return before - (await countEvents(postgres))
}

function outdated(postgres: OwnPostgres): Promise<{ run_id: string; session_id: string }[]> {
  return postgres.query('select run_id, session_id from outdated_runs_v1(0, $1)', [BATCH])
}

async function countEvents(postgres: OwnPostgres): Promise<number> {
  const [counted] = await postgres.query<{ events: number }>(
    'select ((select count(*) from session_events) + (select count(*) from session_deltas))::int as events',
  )
  return counted?.events ?? 0
}
