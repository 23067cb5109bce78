import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { acceptMessage } from '../acceptMessage.ts'
import { createAccepting } from '../acceptTogether.ts'
import { type ClaimedRun, claimRuns } from '../claimRuns.ts'
import { deleteSessions, eraseSessions } from '../deleteSessions.ts'
import { findUnclaimedRuns } from '../dueRuns.ts'
import { areEndUsers } from '../endUsers.ts'
import { type SealedEnd, endRuns, sealEnd } from '../endRuns.ts'
import { forgetRefreshTokens } from '../refreshTokens.ts'
import { findErasedEndUsers } from '../eraseEndUser.ts'
import { readHistory } from '../history.ts'
import type { Database } from '../pool.ts'
import { readEvents, readLogEnds, readMovedSeqs } from '../readEvents.ts'
import { readQueueDepth } from '../queueDepth.ts'
import { readSnapshot } from '../readSnapshot.ts'
import { listSessions } from '../listSessions.ts'
import type { SessionFilter } from '../sessionFilter.ts'
import { findSessions } from '../sessions.ts'
import { RUNS_OF_LONG_SESSION, seedCrowd } from './seedCrowd.ts'
import { type TestEngine, append, created, finish, holdOf, itemOf, startTestEngine } from './testEngine.ts'
import { type Plan, type Scan, type WatchedDatabase, watchPlans } from './watchPlans.ts'

/** Tables that grow with use. One that holds a row per tenant, agent or worker may be read as a whole. */
const GROWING =
  /^(sessions|session_heads|runs|items|attempts|session_events|session_deltas.*|end_users|refresh_tokens|idempotency_keys|deliveries|scores|pauses)$/

let engine: TestEngine
let watched: WatchedDatabase
let worker: string
let longSession: string
let sessions: string[]

beforeAll(async () => {
  engine = await startTestEngine()
  worker = await engine.newWorker()
  longSession = await engine.newSession()
  await seedCrowd(engine, [longSession])
  await engine.rows('analyze')
  sessions = []
  while (sessions.length < 50) sessions.push(await engine.newSession())
  const [database] = await engine.rows<{ name: string }>('select current_database() as name')
  watched = await watchPlans(urlOf(database!.name))
}, 120_000)
afterAll(async () => {
  await watched.db.end()
  await engine.close()
})

function urlOf(database: string): string {
  const url = new URL(process.env.AGENTVIEW_TEST_DATABASE_URL!)
  url.pathname = `/${database}`
  return url.href
}

interface HotStatement {
  /** What it must ask, beside whatever else it asks. */
  indexes: readonly RegExp[]
  /** Makes what one execution needs, on another connection; gives the execution. */
  begin(): Promise<(db: Database) => Promise<unknown>>
}

const TOGETHER = 10
const KEY = { principal: 'somebody', route: 'messages', requestHash: 'x' }

function endOf(claimed: ClaimedRun): SealedEnd {
  const { sessionId, runId, epoch } = holdOf(claimed)
  const output = itemOf(claimed, claimed.run.nextItemNo, 'complete', 'output', 'bye')
  const made = { items: [output], events: [created(output)] }
  return sealEnd({
    sessionId,
    runId,
    status: 'completed',
    ...made,
    attempt: { outcome: 'completed' },
    right: { epoch },
  })
}

const takeOne = async () => engine.take((await engine.say(await engine.newSession())).runId, worker)
const ready = (work: (db: Database) => Promise<unknown>) => () => Promise.resolve(work)
const list = (more: Partial<SessionFilter>) => {
  return ready((db) => {
    const all = { endUserId: null, agent: null, space: null, status: null, metadata: {}, after: null }
    return listSessions(db, { ...all, organizationId: engine.organizationId, ...more }, { limit: 50, order: 'desc' })
  })
}

const MIDDLE = RUNS_OF_LONG_SESSION / 2

/** What Postgres is asked most. Plans of statements within functions count as theirs. */
const HOT: Record<string, HotStatement> = {
  'accepting a message under a key': {
    indexes: [/^session_heads_pkey$/, /^idempotency_keys_pkey$/],
    begin: async () => {
      const sessionId = await engine.newSession()
      return (db) => acceptMessage(db, engine.message(sessionId, { idempotency: { ...KEY, key: sessionId } }))
    },
  },
  'accepting messages together': {
    indexes: [/^session_heads_pkey$/, /^sessions_pkey$/],
    begin: async () => {
      const sessionIds = await Promise.all(Array.from({ length: TOGETHER }, () => engine.newSession()))
      const messages = await Promise.all(sessionIds.map((id) => engine.plain(id, { idempotency: { ...KEY, key: id } })))
      return async (db) => {
        const accepting = createAccepting(db)
        expect(await Promise.all(messages.map((message) => accepting.take(message)))).not.toContain(null)
      }
    },
  },
  'claiming a run that was rung for': {
    indexes: [/^runs_pkey$/, /^session_heads_pkey$/],
    begin: async () => {
      const { runId } = await engine.say(await engine.newSession())
      return async (db) => expect(await claimRuns(db, worker, [runId], 1)).toHaveLength(1)
    },
  },
  'claiming what is due': {
    indexes: [/^runs_due$/, /^session_heads_pkey$/],
    begin: ready(async (db) => expect(await claimRuns(db, worker, [], 10)).toHaveLength(10)),
  },
  'gauging the queue': {
    indexes: [/^runs_due$/],
    begin: ready(async (db) => {
      const { ready: waiting, waitedSeconds } = await readQueueDepth(db, 100)
      expect(waiting).toBe(100)
      expect(waitedSeconds).toBeGreaterThan(0)
    }),
  },
  appending: {
    indexes: [/^session_heads_pkey$/],
    begin: async () => {
      const claimed = await takeOne()
      return async (db) =>
        expect(await append(db, holdOf(claimed), created(itemOf(claimed, 1, 'complete')))).toHaveLength(1)
    },
  },
  'ending a run': {
    indexes: [/^session_heads_pkey$/, /^runs_pkey$/],
    begin: async () => {
      const claimed = await takeOne()
      return async (db) => expect(await finish(db, claimed)).toMatchObject({ outcome: 'ended' })
    },
  },
  'ending runs together': {
    indexes: [/^session_heads_pkey$/, /^runs_pkey$/],
    begin: async () => {
      const ends: SealedEnd[] = []
      while (ends.length < TOGETHER) ends.push(endOf(await takeOne()))
      return async (db) => {
        for (const outcome of await endRuns(db, ends)) expect(outcome).toMatchObject({ outcome: 'ended' })
      }
    },
  },
  'the history': {
    indexes: [/^items_/],
    begin: ready(async (db) => expect(await readHistory(db, longSession, MIDDLE, 20)).toHaveLength(21)),
  },
  'a page of events': {
    indexes: [/^session_heads_pkey$/, /^session_events_pkey$/, /^session_deltas.*session_id_seq_idx$/],
    begin: ready(async (db) => {
      expect((await readEvents(db, longSession, MIDDLE * 5, 100))!.events).toHaveLength(100)
    }),
  },
  'a snapshot': {
    indexes: [/^items_/, /^runs_session_id_run_no_key$/],
    begin: ready(async (db) => expect((await readSnapshot(db, longSession))!.items.length).toBeGreaterThan(100)),
  },
  'the sweep of watched sessions': {
    indexes: [/^session_heads_pkey$/],
    begin: ready(async (db) => {
      expect(await readMovedSeqs(db, new Map(sessions.map((id) => [id, 0])))).toHaveProperty('size', sessions.length)
    }),
  },
  'whether people are known who come at once': {
    indexes: [/^end_users_pkey$/],
    begin: ready((db) => {
      const { organizationId, endUserId } = engine.sessionWith()
      return areEndUsers(
        db,
        Array.from({ length: 50 }, () => ({ organizationId, endUserId })),
      )
    }),
  },
  'subscribing to sessions together': {
    indexes: [/^session_heads_pkey$/, /^sessions_(pkey|organization)$/],
    begin: ready(async (db) => {
      const { organizationId } = engine
      const asked = sessions.map((sessionId) => ({ organizationId, endUserId: null, sessionId }))
      expect(await findSessions(db, asked)).not.toContain(null)
      expect(await readLogEnds(db, sessions)).not.toContain(null)
    }),
  },
  'the list of sessions': { indexes: [/^sessions_organization$/], begin: list({}) },
  "an end user's list of sessions": {
    indexes: [/^sessions_end_user$/],
    begin: async () => list({ endUserId: engine.sessionWith().endUserId })(),
  },
  'the list of sessions that are under way': {
    indexes: [/^runs_(held|worker)$/, /^sessions_(pkey|organization)$/],
    begin: list({ status: 'running' }),
  },
  'the list of sessions that wait': {
    indexes: [/^runs_deadline$/, /^sessions_(pkey|organization)$/],
    begin: list({ status: 'queued' }),
  },
  'the list of sessions with an agent': {
    indexes: [/^sessions_agent$/],
    begin: list({ agent: 'eliza' }),
  },
  'the list of sessions in a space': { indexes: [/^sessions_space$/], begin: list({ space: 'playground' }) },
  'the list of sessions by metadata': {
    indexes: [/^sessions_metadata$/],
    begin: list({ metadata: { order: 'nobody has it', paid: 'true' } }),
  },
  'the list of sessions whose last run has failed': {
    indexes: [/^runs_unsuccessful$/],
    begin: list({ status: 'failed' }),
  },
  'removing what was deleted': {
    indexes: [
      /^sessions_deleted$/,
      /^end_users_deleted$/,
      /^sessions_end_user$/,
      /^session_events_pkey$/,
      /^runs_session_id_run_no_key$/,
    ],
    begin: async () => {
      const sessionId = await engine.newSession()
      await finish(engine.db, await engine.take((await engine.say(sessionId)).runId, worker))
      await deleteSessions(engine.db, engine.organizationId, [sessionId])
      return async (db) => {
        await findErasedEndUsers(db, 100, 100)
        while (await eraseSessions(db, 100, 5_000));
      }
    },
  },
  'deleting sessions together': {
    // where there are few agents, that of agents and sessions serves as well
    indexes: [/^session_heads_pkey$/, /^sessions_(pkey|agent)$/],
    begin: async () => {
      const sessionIds = await Promise.all(Array.from({ length: TOGETHER }, () => engine.newSession()))
      for (const sessionId of sessionIds) await engine.say(sessionId)
      return async (db) =>
        expect((await deleteSessions(db, engine.organizationId, sessionIds)).runIds).toHaveLength(TOGETHER)
    },
  },
  'removing refresh tokens that have ended': {
    indexes: [/^refresh_tokens_expires$/, /^refresh_tokens_family$/],
    begin: async () => {
      const [family] = await engine.rows<{ hash: Buffer }>(
        `update refresh_tokens set expires_at = now() - interval '1 year', revoked_at = now()
         where hash = (select hash from refresh_tokens order by expires_at desc limit 1) returning hash`,
      )
      return async (db) => {
        expect(family).toBeDefined()
        expect(await forgetRefreshTokens(db)).toBe(1)
      }
    },
  },
  'looking for due runs': {
    indexes: [/^runs_due$/],
    begin: ready(async (db) => expect(await findUnclaimedRuns(db, 0, 100)).toHaveLength(100)),
  },
}

/** The plans on which Postgres settles: it may think again five times. */
const EXECUTIONS = 8

async function settledPlans({ begin }: HotStatement): Promise<Plan[]> {
  for (let time = 0; time < EXECUTIONS; time++) {
    const execute = await begin()
    watched.taken()
    await execute(watched.db)
  }
  return watched.taken()
}

/** Indexes of what is alive, and of what is to vanish, which is never much: they may be walked from one end to the other. */
const OF_FEW = /^(runs_(quarantined|held|worker|deadline|due)|(sessions|end_users)_deleted)$/

/** Reads all of a table: row by row, or by an index that is asked for nothing. */
const isWhole = ({ table, index, asked }: Scan) =>
  GROWING.test(table) && (index === null || (!asked && !OF_FEW.test(index)))

describe('beside thousands of sessions and runs', () => {
  test.each(Object.keys(HOT))('%s goes by its indexes and reads no table as a whole', async (name) => {
    const statement = HOT[name]!
    const plans = await settledPlans(statement)
    expect(plans.filter(({ scans }) => scans.some(isWhole))).toEqual([])
    const indexes = plans.flatMap(({ scans }) => scans.map(({ index }) => index ?? ''))
    for (const expected of statement.indexes) expect(indexes).toContainEqual(expect.stringMatching(expected))
  })
})

test('a table that is read as a whole shows', async () => {
  watched.taken()
  const seen = async (sql: string) => {
    await watched.db.query(sql)
    return watched.taken().flatMap(({ scans }) => scans.filter(isWhole))
  }
  expect(await seen(`select count(*) from items where data ->> 'content' = 'x'`)).toHaveLength(1)
  expect(await seen('select count(run_no) from (select run_no from runs order by session_id, run_no) r')).toHaveLength(
    1,
  )
  expect(await seen(`select 1 from runs where id = '00000000-0000-0000-0000-000000000000'`)).toEqual([])
})
