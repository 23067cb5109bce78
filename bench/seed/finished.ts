import type pg from 'pg'
import { BENCH_ID, KIND, RUNS_OF_SESSION, SESSIONS_OF_USER } from './benchId.ts'
import { withoutIndexes } from './withoutIndexes.ts'

/**
 * What has finished, as the engine leaves it, written set-based: through the engine five million runs would take hours.
 * Ids grow with time, as UUIDv7 do.
 */

/** Whose it is; UUIDs. */
export interface SeedTenant {
  organizationId: string
  agentId: string
  agentVersionId: string
}

export interface FinishedPlan {
  /** In sessions of `RUNS_OF_SESSION`. */
  runs: number
  /** `none`: as little as a run can leave. */
  items: 'none' | 'input and output'
  onProgress(done: number): void
}

/** Over how many days the finished runs are spread. */
const DAYS = 60
/** Finished runs at a time: one statement stays short enough to show that it goes on. A multiple of what a user has. */
const BATCH = 250_000

const TABLES = ['end_users', 'sessions', 'session_heads', 'runs', 'items']

/** End users, sessions, heads, finished runs and their items; then what tells Postgres about them. */
export async function seedFinished(client: pg.Client, tenant: SeedTenant, plan: FinishedPlan): Promise<void> {
  await client.query(BENCH_ID)
  const { organizationId, agentId, agentVersionId } = tenant
  await withoutIndexes(client, TABLES, async () => {
    for (let first = 0; first < plan.runs; first += BATCH) {
      const last = Math.min(first + BATCH, plan.runs) - 1
      const sessions = [Math.floor(first / RUNS_OF_SESSION), Math.floor(last / RUNS_OF_SESSION)]
      const users = sessions.map((session) => Math.floor(session / SESSIONS_OF_USER))
      await client.query(END_USERS, [...users, organizationId])
      await client.query(SESSIONS, [...sessions, organizationId, agentId])
      await client.query(HEADS, [...sessions, organizationId])
      await client.query(RUNS, [first, last, plan.runs, organizationId, agentVersionId])
      if (plan.items !== 'none') await client.query(ITEMS, [first, last, plan.runs])
      plan.onProgress(last + 1)
    }
  })
  // Else the first who read would write what nobody had to, and autovacuum would come in the middle.
  await client.query(`vacuum (freeze, analyze) ${TABLES.join(', ')}`)
}

const END_USERS = `
  insert into end_users (id, organization_id, anonymous)
  select bench_id(${KIND.endUser}, n), $3::uuid, true from generate_series($1::bigint, $2) n`

const SESSIONS = `
  insert into sessions (id, organization_id, agent_id, end_user_id, space, handle, metadata, version)
  select bench_id(${KIND.session}, n), $3::uuid, $4::uuid, bench_id(${KIND.endUser}, n / ${SESSIONS_OF_USER}),
    case n % 50 when 0 then 'playground' else 'production' end, 'done',
    jsonb_build_object('channel', (array['web', 'app', 'email', 'phone'])[1 + n % 4]), '1.0.0'
  from generate_series($1::bigint, $2) n`

const HEADS = `
  insert into session_heads (session_id, organization_id, last_seq, next_run_no)
  select bench_id(${KIND.session}, n), $3::uuid, ${RUNS_OF_SESSION} * 10 + 1, ${RUNS_OF_SESSION + 1}
  from generate_series($1::bigint, $2) n`

/** One of twenty has failed, one was cancelled; of the last runs of sessions as well. */
const RUNS = `
  insert into runs (id, organization_id, session_id, run_no, type, status, epoch, attempt, agent_version_id, version, is_next,
    due_at, queued_at, deadline_at, next_item_no, usage, first_seq, ended_seq, created_at, ended_at)
  select bench_id(${KIND.run}, n), $4::uuid, bench_id(${KIND.session}, n / ${RUNS_OF_SESSION}), n % ${RUNS_OF_SESSION} + 1, 'chat',
    case (n / ${RUNS_OF_SESSION}) % 20 when 0 then 'failed' when 1 then 'cancelled' else 'completed' end,
    1, 1, $5::uuid, '1.0.0', true, d.at, d.at, d.at + interval '1 hour', 2, '{"inputTokens": 100, "outputTokens": 50}',
    n % ${RUNS_OF_SESSION} * 10 + 2, n % ${RUNS_OF_SESSION} * 10 + 11, d.at, d.at + interval '5 seconds'
  from generate_series($1::bigint, $2) n, lateral (select now() - interval '${DAYS} days' * (1 - n / $3::float8) as at) d`

const ITEMS = `
  insert into items (id, session_id, run_id, run_no, item_no, kind, status, data, created_at)
  select bench_id(k.kind, n), bench_id(${KIND.session}, n / ${RUNS_OF_SESSION}), bench_id(${KIND.run}, n),
    n % ${RUNS_OF_SESSION} + 1, k.item_no, k.name, 'complete', jsonb_build_object('type', 'message', 'role', k.role,
      'content', 'What was said in turn ' || n || ', as long as a message in a chat is.'), d.at
  from generate_series($1::bigint, $2) n, lateral (select now() - interval '${DAYS} days' * (1 - n / $3::float8) as at) d,
    (values (${KIND.input}, 0, 'input', 'user'), (${KIND.output}, 1, 'output', 'assistant')) k (kind, item_no, name, role)`
