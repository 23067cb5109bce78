import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { tunables } from '@shared/domain/tunables'
import type { PoolClient } from 'pg'
import { acceptMessage } from '../acceptMessage.ts'
import { createAccepting } from '../acceptTogether.ts'
import { findOverdueRuns, findUnclaimedRuns, forgetIdempotencyKeys, isQuarantineNeeded } from '../dueRuns.ts'
import { beginExternalRun } from '../externalRuns.ts'
import { forceEndRun } from '../forceEndRun.ts'
import { raiseFloors } from '../compaction.ts'
import { readHistory, readRunItems } from '../history.ts'
import type { Database } from '../pool.ts'
import { readEvents, readLastSeqs, readRunSeqBefore } from '../readEvents.ts'
import { readSnapshot } from '../readSnapshot.ts'
import { findOutdatedRuns } from '../retention.ts'
import { findRun, readItemsOfRun } from '../runs.ts'
import { type ClaimedRun, claimQuarantined, claimRuns } from '../claimRuns.ts'
import { retryRun } from '../retryRun.ts'
import { listItems, listRuns } from '../sessions.ts'
import { findOrphanedRuns, heartbeat, holdStands } from '../workers.ts'
import { answer, endOutside, handOver, pause, push, takeOutside, targetOf } from './legs.ts'
import { RUNS_OF_LONG_SESSION, seedCrowd } from './seedCrowd.ts'
import { readInputs } from '../runs.ts'
import {
  type Accepted,
  type TestEngine,
  append,
  bare,
  created,
  finish,
  holdOf,
  itemOf,
  requeue,
  startTestEngine,
} from './testEngine.ts'

let engine: TestEngine
let client: PoolClient
/** Where the store expects its pool: everything goes over one connection and into the transaction that is measured. */
let db: Database

/**
 * A session whose next turn waits, and one whose turn is under way; both have more in the queue. One whose turn goes on
 * outside, one that rests. All are long in the end.
 */
interface Subjects extends Sessions {
  next: Accepted
  blocked: Accepted
  claimed: ClaimedRun
  outside: ClaimedRun
  rested: ClaimedRun
  worker: string
  quarantine: string
}

type Sessions = Record<'waiting' | 'running' | 'external' | 'resting', string>

const newSessions = async (): Promise<Sessions> => ({
  waiting: await engine.newSession(),
  running: await engine.newSession(),
  external: await engine.newSession(),
  resting: await engine.newSession(),
})

async function subjects(sessions: Sessions): Promise<Subjects> {
  const { waiting, running } = sessions
  const worker = await engine.newWorker()
  const quarantine = await engine.newWorker('quarantine')
  const lost = await engine.say(await engine.newSession())
  await engine.rows('update runs set lapses = 2 where id = $1', bare(lost.runId))
  const rested = await engine.take((await engine.say(sessions.resting)).runId)
  await finish(engine.db, rested)
  const outside = await takeOutside(engine, sessions.external)
  const claimed = await engine.take((await engine.say(running)).runId, worker)
  await engine.say(running)
  const [next, blocked] = [await engine.say(waiting), await engine.say(waiting)]
  return { ...sessions, next, blocked, claimed, outside, rested, worker, quarantine }
}

const PAGE = { limit: 10, order: 'asc' as const }
const MIDDLE = RUNS_OF_LONG_SESSION / 2

/** Each verb of the engine, and how many rows it may read. */
const VERBS: Record<string, [limit: number, (subjects: Subjects) => Promise<unknown>]> = {
  'accepting together with others': [20, ({ waiting }) => acceptTogether(waiting)],
  'accepting a message': [20, ({ running }) => acceptMessage(db, engine.message(running))],
  'accepting a message that waits': [20, ({ waiting }) => acceptMessage(db, engine.message(waiting))],
  'rejecting a message, one runs': [
    5,
    ({ running }) => acceptMessage(db, engine.message(running, { onBusy: 'reject' })),
  ],
  'rejecting a message, one waits': [
    5,
    ({ waiting }) => acceptMessage(db, engine.message(waiting, { onBusy: 'reject' })),
  ],
  'claiming ten runs': [500, ({ worker }) => claimRuns(db, worker, [], 10)],
  'claiming a hinted run': [60, ({ worker, next }) => claimRuns(db, worker, [next.runId], 1)],
  appending: [5, ({ claimed }) => append(db, holdOf(claimed), created(itemOf(claimed, 1, 'complete')))],
  'ending a run': [20, ({ claimed }) => finish(db, claimed)],
  'cancelling the run under way': [40, ({ running, claimed }) => cancel(running, claimed.run.id)],
  'cancelling the run that is next': [40, ({ waiting, next }) => cancel(waiting, next.runId)],
  'cancelling a run that ended long ago': [20, ({ running }) => cancelOldest(running)],
  'merging a message': [20, ({ waiting }) => acceptMessage(db, engine.message(waiting, { onBusy: 'merge' }))],
  'interrupting the run under way': [
    90,
    ({ running }) => acceptMessage(db, engine.message(running, { onBusy: 'interrupt' })),
  ],
  'rolling back what waits': [90, ({ waiting }) => acceptMessage(db, engine.message(waiting, { onBusy: 'rollback' }))],
  'retrying the last run': [30, ({ resting, rested }) => retry(resting, rested)],
  pausing: [20, ({ claimed }) => pause(onTheOne(), holdOf(claimed), 'pause')],
  'pausing and resuming': [40, ({ claimed }) => pauseAndResume(claimed)],
  'handing over': [10, ({ claimed }) => handOver(onTheOne(), holdOf(claimed))],
  'beginning a run outside': [20, ({ resting, rested }) => begin(resting, rested)],
  'pushing to a run outside': [10, ({ outside }) => push(onTheOne(), outsideTarget(outside), 'more')],
  'ending a run outside': [40, ({ outside }) => endOutside(onTheOne(), outsideTarget(outside), undefined, 'bye')],
  'claiming a quarantined run': [20, ({ quarantine }) => claimQuarantined(db, quarantine)],
  'looking whether the quarantine is needed': [1, () => isQuarantineNeeded(db, tunables.lease / 2)],
  requeueing: [20, ({ claimed }) => requeue(db, holdOf(claimed), 'failed')],
  'a heartbeat': [5, ({ worker }) => heartbeat(db, worker, tunables.lease)],
  'looking whether a hold stands': [1, ({ claimed }) => holdStands(db, holdOf(claimed))],
  'looking for unclaimed runs': [10, () => findUnclaimedRuns(db, 0, 10)],
  'looking for overdue runs': [0, () => findOverdueRuns(db, 10)],
  'looking for orphaned runs': [10, () => findOrphanedRuns(db, 10)],
  'looking for outdated runs': [12, () => findOutdatedRuns(db, 0, 10)],
  'raising two floors': [30, ({ running, waiting }) => raiseFloors(db, [running, waiting], 0)],
  'forgetting old keys': [0, () => forgetIdempotencyKeys(db, tunables.idempotency)],
  'a page of events': [25, ({ running }) => readEvents(db, running, MIDDLE * 5, 10)],
  'the last seqs': [2, ({ running, waiting }) => readLastSeqs(db, [running, waiting])],
  'the seq before': [10, ({ running, claimed }) => readRunSeqBefore(db, running, claimed.run.id, 2 ** 40)],
  'the history': [70, ({ running, claimed }) => readHistory(db, running, claimed.run.runNo, 10)],
  'the items of a run': [5, ({ running, claimed }) => readItemsOfRun(db, { id: claimed.run.id, sessionId: running })],
  'the items of earlier legs': [5, ({ claimed }) => readRunItems(db, claimed.run.id)],
  'a run in the queue': [
    10,
    ({ blocked }) => findRun(db, { organizationId: engine.organizationId, endUserId: null }, blocked.runId),
  ],
  'a page of items': [10, ({ running }) => listItems(db, running, { runNo: MIDDLE, itemNo: 0 }, PAGE)],
  'a page of runs': [40, ({ running }) => listRuns(db, running, MIDDLE, { limit: 10, order: 'desc' })],
  'a snapshot, one runs': [4 * tunables.sessionItems, ({ running }) => readSnapshot(db, running)],
  'a snapshot, one waits': [4 * tunables.sessionItems, ({ waiting }) => readSnapshot(db, waiting)],
}

/** The engine over the connection that is measured. */
const onTheOne = (): TestEngine => ({ ...engine, db })

async function acceptTogether(sessionId: string): Promise<void> {
  if ((await createAccepting(db).take(await engine.plain(sessionId))) === null) throw new Error('it was left out')
}

const outsideTarget = (outside: ClaimedRun) => targetOf(engine, holdOf(outside), null)

async function pauseAndResume(claimed: ClaimedRun): Promise<void> {
  await pause(onTheOne(), holdOf(claimed), 'pause')
  const { outcome } = await answer(onTheOne(), holdOf(claimed), 'pause')
  if (outcome !== 'resumed') throw new Error(outcome)
}

async function retry(sessionId: string, { run }: ClaimedRun): Promise<void> {
  const { organizationId, id: runId, agentVersionId, version } = run
  const what = { organizationId, sessionId, runId, runType: 'chat', metadata: {}, agentVersionId, version }
  const { outcome } = await retryRun(db, { ...what, inputs: await readInputs(db, runId), onBusy: 'enqueue' })
  if (outcome !== 'accepted') throw new Error(outcome)
}

async function begin(sessionId: string, { run }: ClaimedRun): Promise<void> {
  const { organizationId, agentVersionId, version } = run
  const what = { organizationId, sessionId, runType: 'chat', runMetadata: {}, agentVersionId, version, idleMs: 1_000 }
  const { outcome } = await beginExternalRun(db, { ...what, input: null, items: [{}], end: null })
  if (outcome !== 'accepted') throw new Error(outcome)
}

/** The first run of many thousands: what came after it must not be read. */
async function cancelOldest(sessionId: string): Promise<void> {
  const [oldest] = await listRuns(engine.db, sessionId, null, { limit: 1, order: 'asc' })
  const { outcome } = await forceEndRun(db, { sessionId, runId: oldest!.id, status: 'cancelled' })
  if (outcome === 'absent') throw new Error(outcome)
}

async function cancel(sessionId: string, runId: string): Promise<void> {
  const { outcome } = await forceEndRun(db, { sessionId, runId, status: 'cancelled' })
  if (outcome !== 'ended') throw new Error(outcome)
}

/** How many rows of tables a verb reads once Postgres has settled on a plan: it may think again five times. */
async function rowsRead(verb: () => Promise<unknown>): Promise<number> {
  await client.query('begin')
  try {
    for (let time = 0; time < 7; time++) {
      await client.query('savepoint before')
      await verb()
      await client.query('rollback to before')
    }
    const before = await readSoFar()
    await verb()
    return (await readSoFar()) - before
  } finally {
    await client.query('rollback')
  }
}

async function readSoFar(): Promise<number> {
  const { rows } = await client.query<{ rows: number }>(
    'select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int as rows from pg_stat_xact_user_tables',
  )
  return rows[0]!.rows
}

/** The connection as a pool that gives itself. Of a transaction only what it sets: it is a part of the one measured. */
function poolOf(connection: PoolClient): Database {
  function query(statement: string | { text: string }): Promise<unknown> {
    if (typeof statement === 'object') return connection.query(statement)
    const settings = statement.split(';').filter((part) => part.includes('set local'))
    return connection.query(settings.join(';'))
  }
  return { query, connect: () => Promise.resolve({ query, release() {} }) } as unknown as Database
}

const cases = Object.entries(VERBS).map(([name, [limit, verb]]) => ({ name, limit, verb }))

describe.each(['never analysed', 'analysed'])('by plans made while the tables were all but empty and %s', (tables) => {
  let crowd: Subjects
  beforeAll(async () => {
    engine = await startTestEngine()
    client = await engine.db.connect()
    db = poolOf(client)
    const few = await subjects(await newSessions())
    if (tables === 'analysed') await engine.rows('analyze')
    // Plans are kept per connection, so each verb gets its plan now.
    for (const { verb } of cases) await rowsRead(() => verb(few))
    const long = await newSessions()
    await seedCrowd(engine, Object.values(long))
    crowd = await subjects(long)
  })
  afterAll(async () => {
    client.release()
    await engine.close()
  })

  test.each(cases)('$name reads at most $limit rows of thousands', async ({ limit, verb }) => {
    expect(await rowsRead(() => verb(crowd))).toBeLessThanOrEqual(limit)
  })

  describe('and by plans made for thousands of rows', () => {
    beforeAll(() => engine.rows('analyze'))

    test.each(cases)('$name reads at most $limit', async ({ limit, verb }) => {
      expect(await rowsRead(() => verb(crowd))).toBeLessThanOrEqual(limit)
    })
  })
})
