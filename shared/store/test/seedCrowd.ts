import { type TestEngine, bare } from './testEngine.ts'

const SESSIONS = 2_000
const END_USERS = 500
export const RUNS_OF_LONG_SESSION = 2_000

/**
 * Many sessions, some with a run that waits, and a few sessions of very many turns. Straight SQL: through the engine it
 * would take minutes. Postgres is not told about it (`analyze`).
 */
export async function seedCrowd(engine: TestEngine, longSessions: readonly string[]): Promise<void> {
  const long = longSessions.map(bare)
  const sql = (text: string, ...values: unknown[]) => engine.rows(text, ...values)
  await sql(
    `insert into end_users (id, organization_id, anonymous)
     select gen_random_uuid(), id, true from organizations, generate_series(1, $1::int)`,
    END_USERS,
  )
  await sql(
    `insert into refresh_tokens (hash, organization_id, end_user_id, family_id, expires_at)
     select sha256((id::text || n)::bytea), organization_id, id, gen_random_uuid(), now() + n * interval '1 day'
     from end_users, generate_series(1, 5) n`,
  )
  await sql(
    `insert into sessions (id, organization_id, agent_id, end_user_id, space, handle, version)
     select gen_random_uuid(), s.organization_id, s.agent_id, u.id, s.space, 'many', '1.0.0'
     from sessions s, end_users u, generate_series(1, $2::int) where s.id = $1`,
    long[0],
    SESSIONS / END_USERS,
  )
  await sql(
    `insert into session_heads (session_id, organization_id, last_seq, next_run_no, queued_count)
     select id, organization_id, 4, 2, 1 from sessions where handle = 'many'`,
  )
  await sql(
    `insert into runs (id, organization_id, session_id, run_no, type, status, agent_version_id, version, is_next, due_at,
       queued_at, deadline_at, next_item_no, attempt, first_seq, ended_seq, created_at, ended_at)
     select gen_random_uuid(), s.organization_id, s.id, n, 'chat', case s.handle when 'many' then 'queued' else 'completed' end,
       v.id, '1.0.0', true, now(), now(), now() + interval '1 hour', 1, case s.handle when 'many' then 0 else 1 end,
       n * 5 - 3, n * 5 + 1, now(), case s.handle when 'many' then null else now() end
     from sessions s, agent_versions v, generate_series(1, case s.handle when 'many' then 1 else $2::int end) n
     where s.handle = 'many' or s.id = any ($1)`,
    long,
    RUNS_OF_LONG_SESSION,
  )
  const next = 'update session_heads set last_seq = $2::int * 5 + 1, next_run_no = $2 + 1 where session_id = any ($1)'
  await sql(next, long, RUNS_OF_LONG_SESSION)
  await sql(
    `insert into items (id, session_id, run_id, run_no, item_no, kind, status, data, created_at)
     select gen_random_uuid(), r.session_id, r.id, r.run_no, n, case n when 0 then 'input' else 'output' end, 'complete',
       '{"content": "x"}', now()
     from runs r, generate_series(0, 1) n where r.session_id = any ($1) or n = 0 on conflict do nothing`,
    long,
  )
  await sql(
    `insert into session_events (session_id, seq, run_id, attempt, type, data, at)
     select r.session_id, r.first_seq + n, r.id, 1, 'custom', '{"name": "x", "data": 1}', now()
     from runs r, generate_series(0, 3) n where r.session_id = any ($1)`,
    long,
  )
  await sql(
    `insert into session_deltas (session_id, seq, run_id, attempt, item_id, patch, at)
     select r.session_id, r.first_seq + 4, r.id, 1, gen_random_uuid(), '[{"op": "append", "path": "", "value": "x"}]', now()
     from runs r where r.session_id = any ($1)`,
    long,
  )
  await sql(
    `insert into attempts (run_id, attempt, leg, outcome, worker_id, queued_at, claimed_at)
     select r.id, 1, 0, 'completed', gen_random_uuid(), now(), now() from runs r where r.session_id = any ($1) on conflict do nothing`,
    long,
  )
}
