import { tunables } from '@shared/domain/tunables'
import {
  DEFAULT_PARTITION,
  dropPartition,
  findOldPartitions,
  forgetDefaultDeltas,
  raiseDeltaFloors,
  raiseFloors,
} from '../compaction.ts'
import { findOutdatedRuns, forgetRunsEvents } from '../retention.ts'
import { type TestEngine, bare } from './testEngine.ts'

/** Makes all that was written so far so many hours older: what is compacted is what is old. */
export async function age(engine: TestEngine, hours: number): Promise<void> {
  await engine.rows(
    `do $$
     declare
       v_from timestamptz;
       v_name text;
     begin
       for v_from in select distinct date_trunc('hour', (at - interval '${hours} hours') at time zone 'UTC') at time zone 'UTC' from session_deltas loop
         v_name := 'session_deltas_' || to_char(v_from at time zone 'UTC', 'YYYYMMDDHH24');
         if to_regclass(v_name) is null then
           execute format('create table %I partition of session_deltas for values from (%L) to (%L)', v_name, v_from, v_from + interval '1 hour');
         end if;
       end loop;
     end $$`,
  )
  await engine.rows(`update session_deltas set at = at - interval '${hours} hours'`)
  await engine.rows(`update session_events set at = at - interval '${hours} hours'`)
  await engine.rows(`update runs set ended_at = ended_at - interval '${hours} hours' where ended_at is not null`)
}

export async function partitions(engine: TestEngine): Promise<string[]> {
  const rows = await engine.rows<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'session_deltas'::regclass order by 1`,
  )
  return rows.map((row) => row.name)
}

/** Raises the floors of all that have deltas in a partition, a few at a time. */
export async function raiseAll({ db }: TestEngine, partition: string, graceMs: number): Promise<void> {
  for (let last: string | null = null; ;) {
    const sessions: string[] = await raiseDeltaFloors(db, partition, last, 2, graceMs)
    if (sessions.length === 0) return
    if (partition === DEFAULT_PARTITION) while ((await forgetDefaultDeltas(db, sessions, 3)) > 0);
    last = sessions.at(-1)!
  }
}

/** One look at every old partition; what became of each. */
export async function compactDeltas(engine: TestEngine, graceMs = tunables.compaction.grace): Promise<string[]> {
  const outcomes: string[] = []
  for (const partition of await findOldPartitions(engine.db, graceMs)) {
    await raiseAll(engine, partition, graceMs)
    outcomes.push(await dropPartition(engine.db, partition, 1_000))
  }
  await raiseAll(engine, DEFAULT_PARTITION, graceMs)
  return outcomes
}

/** Forgets the events of runs that ended so long ago, a few at a time. */
export async function forgetEvents({ db }: TestEngine, keepMs: number, graceMs = 0): Promise<number> {
  for (let forgotten = 0; ;) {
    const runs = await findOutdatedRuns(db, keepMs, 3)
    if (runs.length === 0) return forgotten
    await raiseFloors(db, [...new Set(runs.map((run) => run.sessionId))], graceMs)
    forgotten += (await forgetRunsEvents(db, runs.map((run) => run.runId), 5)) ?? 0 // prettier-ignore
  }
}

export async function floorOf(engine: TestEngine, sessionId: string): Promise<number> {
  const [row] = await engine.rows<{ floor: number }>(
    'select floor_seq as floor from session_heads where session_id = $1',
    bare(sessionId),
  )
  return row!.floor
}
