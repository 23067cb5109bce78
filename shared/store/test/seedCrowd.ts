import { type TestEngine, bare } from './testEngine.ts'

export const CROWD = 4_000
export const RUNS_OF_LONG_SESSION = 4_000

/**
 * Many sessions with ended runs, some with a run that waits or runs, and one session of many turns; then what Postgres
 * knows of the tables is brought up to date. Straight SQL: through the engine it would take minutes.
 */
export async function seedCrowd(engine: TestEngine, longSessionId: string): Promise<void> {
  const long = bare(longSessionId)
  await engine.rows(
    `insert into end_users (id, organization_id, anonymous)
     select gen_random_uuid(), organization_id, true from end_users, generate_series(1, 500)`,
  )
  await engine.rows(
    `insert into sessions (id, organization_id, agent_id, end_user_id, space, handle, version)
     select gen_random_uuid(), s.organization_id, s.agent_id, u.id, s.space, 'h', '1.0.0'
     from sessions s, (select id, row_number() over () as n from end_users) u, generate_series(1, $1 / 500)
     where s.id = $2 and u.n <= 500`,
    CROWD,
    long,
  )
  await engine.rows(
    `insert into session_heads (session_id, organization_id, last_seq, next_run_no)
     select id, organization_id, 4, 2 from sessions where id <> $1`,
    long,
  )
  await engine.rows(
    `insert into runs (id, organization_id, session_id, run_no, type, status, agent_version_id, version, is_next, due_at,
       queued_at, deadline_at, next_item_no, first_seq, ended_seq, created_at)
     select gen_random_uuid(), s.organization_id, s.id, n, 'chat', 'completed', v.id, '1.0.0', true, now(), now(),
       now() + interval '1 hour', 1, n * 5 - 3, n * 5 + 1, now()
     from sessions s, agent_versions v, generate_series(1, case when s.id = $1 then $2::int else 1 end) n`,
    long,
    RUNS_OF_LONG_SESSION,
  )
  await engine.rows(`update session_heads set last_seq = $2 * 5 + 1, next_run_no = $2 + 1 where session_id = $1`, long, RUNS_OF_LONG_SESSION)
  await engine.rows(
    `with waiting as (select session_id from session_heads where session_id <> $1 limit 1000), changed as (
       update runs set status = 'queued', priority = 0 where session_id in (select session_id from waiting)
     ) update session_heads set queued_count = 1 where session_id in (select session_id from waiting)`,
    long,
  )
  await engine.rows(
    `insert into items (id, session_id, run_id, run_no, item_no, kind, status, data, created_at)
     select gen_random_uuid(), r.session_id, r.id, r.run_no, n, case n when 0 then 'input' else 'output' end, 'complete',
       '{"content": "x"}', now() from runs r, generate_series(0, 1) n`,
  )
  await engine.rows(
    `insert into session_events (session_id, seq, run_id, attempt, type, data, at)
     select r.session_id, r.first_seq + n, r.id, 1, 'custom', '{"name": "x", "data": 1}', now()
     from runs r, generate_series(0, 3) n where r.session_id = $1`,
    long,
  )
  await engine.rows(
    `insert into session_deltas (session_id, seq, run_id, attempt, item_id, patch, at)
     select r.session_id, r.first_seq + 4, r.id, 1, gen_random_uuid(), '[{"op": "append", "path": "/content", "value": "x"}]', now()
     from runs r where r.session_id = $1`,
    long,
  )
  await engine.rows('analyze')
}
