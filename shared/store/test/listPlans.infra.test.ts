import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { idOf, uuidOf } from '@shared/domain/ids'
import { listSessions } from '../listSessions.ts'
import type { SessionFilter } from '../sessionFilter.ts'
import { type Database, createPool } from '../pool.ts'
import { DEFINITION, type TestEngine, bare, startTestEngine } from './testEngine.ts'
import { publishAgents } from '../publishAgents.ts'

let engine: TestEngine
/** A pool of one connection, so that what was read is counted. */
let db: Database
let user: string

const SESSIONS = 6_000
const RUNS_OF_SESSION = 2
/** So many are of the rare agent, have the rare metadata, are the one user's; the oldest, so that others stand before them. */
const FEW = 5
const PAGE = 10
/** A page, what it shows of each session, and what is passed over: a fortieth of all. */
const ROWS = PAGE * 30

/** One of three failed, another was cancelled, both runs of it; all of the many are of one agent and have one color. */
async function seed(): Promise<void> {
  await publishAgents(
    engine.db,
    engine.organizationId,
    { agents: [DEFINITION, { ...DEFINITION, name: 'rare' }] },
    'push',
  )
  const { organizationId, agentId, endUserId } = engine.sessionWith()
  const [other] = await engine.rows<{ id: string }>(
    `insert into end_users (id, organization_id, anonymous) values (gen_random_uuid(), $1, true) returning id`,
    bare(organizationId),
  )
  user = idOf('endUser', other!.id)
  await engine.rows(
    `insert into sessions (id, organization_id, agent_id, end_user_id, space, handle, version, metadata)
     select lpad(to_hex(n), 32, '0')::uuid, $1::uuid,
       case when n <= $5::int then (select id from agents where name = 'rare') else $2::uuid end,
       case when n <= $5 then $4::uuid else $3::uuid end, case when n <= $5 then 'playground' else 'production' end, 'one', '1.0.0',
       case when n <= $5 then '{"color": "red"}'::jsonb else '{"color": "blue"}' end
     from generate_series(1, $6::int) n`,
    bare(organizationId),
    uuidOf('agent', agentId),
    uuidOf('endUser', endUserId),
    other!.id,
    FEW,
    SESSIONS,
  )
  await engine.rows(
    'insert into session_heads (session_id, organization_id, last_seq, next_run_no) select id, organization_id, 9, 3 from sessions',
  )
  await engine.rows(
    `insert into runs (id, organization_id, session_id, run_no, type, status, agent_version_id, version, is_next, due_at,
       queued_at, deadline_at, next_item_no, attempt, first_seq, ended_seq, created_at, ended_at)
     select gen_random_uuid(), s.organization_id, s.id, n, 'chat',
       (array['failed', 'cancelled', 'completed'])[1 + (row_number() over (order by s.id, n) / $1::int) % 3],
       v.id, '1.0.0', true, now(), now(), now(), 1, 1, n * 5 - 3, n * 5 + 1, now(), now()
     from sessions s, generate_series(1, $1) n, lateral (select id from agent_versions limit 1) v`,
    RUNS_OF_SESSION,
  )
  await engine.rows('analyze')
}

beforeAll(async () => {
  engine = await startTestEngine()
  await seed()
  db = createPool({
    url: String(engine.db.options.connectionString),
    name: 'store test',
    max: 1,
    onError: () => undefined,
  })
}, 120_000)
afterAll(async () => {
  await db.end()
  await engine.close()
})

type Asked = Partial<SessionFilter>

function list(more: Asked, order: 'asc' | 'desc') {
  const all = { endUserId: null, agent: null, space: null, status: null, metadata: {}, after: null }
  return listSessions(db, { ...all, organizationId: engine.organizationId, ...more }, { limit: PAGE, order })
}

/** Rows of tables that were fetched in this transaction. */
async function readSoFar(): Promise<number> {
  const { rows } = await db.query<{ rows: number }>(
    'select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int as rows from pg_stat_xact_user_tables',
  )
  return rows[0]!.rows
}

async function pageOf(asked: Asked, order: 'asc' | 'desc') {
  await db.query('begin')
  const before = await readSoFar()
  const sessions = await list(asked, order)
  const read = (await readSoFar()) - before
  await db.query('commit')
  return { sessions, read }
}

/** What is asked, and what was asked by the same statement before: Postgres may keep the plan that was good for that. */
const LISTS: Record<string, [asked: Asked, before: Asked, found: number]> = {
  'all of them': [{}, {}, PAGE],
  'whose last run failed': [{ status: 'failed' }, { status: 'failed' }, PAGE],
  'whose last run was cancelled': [{ status: 'cancelled' }, { status: 'cancelled' }, PAGE],
  'whose last run completed': [{ status: 'completed' }, { status: 'completed' }, PAGE],
  'whose last run is under way': [{ status: 'running' }, { status: 'running' }, 0],
  'whose last run waits': [{ status: 'queued' }, { status: 'queued' }, 0],
  'with the agent of nearly all': [{ agent: 'eliza' }, { agent: 'rare' }, PAGE],
  'with an agent that few have': [{ agent: 'rare' }, { agent: 'eliza' }, FEW],
  'with no agent that is there': [{ agent: 'nobody' }, { agent: 'eliza' }, 0],
  'in a space': [{ space: 'playground' }, { space: 'playground' }, FEW],
  'with metadata that few have': [{ metadata: { color: 'red' } }, { metadata: { color: 'blue' } }, FEW],
  'with metadata that all but few have': [{ metadata: { color: 'blue' } }, { metadata: { color: 'red' } }, PAGE],
  'that failed, with the agent of nearly all': [
    { status: 'failed', agent: 'eliza' },
    { status: 'failed', agent: 'eliza' },
    PAGE,
  ],
}

describe.each(['auto', 'force_custom_plan'])('among thousands, plans made so: %s', (mode) => {
  beforeAll(() => db.query(`set plan_cache_mode = ${mode}`))

  test.each(Object.keys(LISTS).flatMap((name) => [[name, 'desc'] as const, [name, 'asc'] as const]))(
    'a page of sessions %s, %s, reads no more than it shows',
    async (name, order) => {
      const [asked, before, found] = LISTS[name]!
      for (let time = 0; time < 8; time++) await list(before, order)
      const { sessions, read } = await pageOf(asked, order)
      expect(sessions).toHaveLength(found)
      expect(read).toBeLessThanOrEqual(ROWS)
    },
  )

  test.each(['asc', 'desc'] as const)("a user's own, %s", async (order) => {
    const { sessions, read } = await pageOf({ endUserId: user }, order)
    expect(sessions).toHaveLength(FEW)
    expect(read).toBeLessThanOrEqual(ROWS)
  })

  test('the next page begins where the one before has ended', async () => {
    for (const asked of [{ status: 'failed' }, { agent: 'eliza' }, { status: 'cancelled', agent: 'eliza' }] as const) {
      const { sessions: first } = await pageOf(asked, 'desc')
      const { sessions: next, read } = await pageOf({ ...asked, after: first.at(-1)!.id }, 'desc')
      const ids = [...first, ...next].map(({ id }) => id)
      expect(new Set(ids).size).toBe(2 * PAGE)
      expect(ids).toEqual(ids.toSorted().toReversed())
      expect(read).toBeLessThanOrEqual(ROWS)
    }
  })
})
