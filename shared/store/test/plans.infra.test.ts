import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { newId } from '@shared/domain/ids'
import type { PoolClient } from 'pg'
import { acceptMessage } from '../acceptMessage.ts'
import { findOverdueRuns, findUnclaimedRuns, nextDueIn } from '../dueRuns.ts'
import { forceEndRun } from '../forceEndRun.ts'
import { readHistory } from '../history.ts'
import type { Database } from '../pool.ts'
import { readEvents, readRunSeqBefore } from '../readEvents.ts'
import { readSnapshot } from '../readSnapshot.ts'
import { findRun } from '../runs.ts'
import { claimRuns } from '../runTransitions.ts'
import { listItems, listRuns, listSessions } from '../sessions.ts'
import { findOrphanedRuns, heartbeat, holdStands, markLapsedWorkers } from '../workers.ts'
import { RUNS_OF_LONG_SESSION, seedCrowd } from './seedCrowd.ts'
import { type TestEngine, append, bare, created, finish, holdOf, itemOf, startTestEngine } from './testEngine.ts'

let engine: TestEngine
let client: PoolClient
/** A transaction's client where the store expects its pool: what is measured is one transaction. */
let db: Database
let long: string
let worker: string

beforeAll(async () => {
  engine = await startTestEngine()
  long = await engine.newSession()
  await seedCrowd(engine, long)
  worker = await engine.newWorker()
  client = await engine.db.connect()
  db = client as unknown as Database
}, 120_000)
afterAll(async () => {
  client.release()
  await engine.close()
})

/** How many rows of tables a verb reads, once Postgres has settled on a plan (after the sixth time). */
async function rowsRead(verb: () => Promise<unknown>): Promise<number> {
  await client.query('begin')
  try {
    let before = 0
    for (let time = 1; time <= 8; time++) {
      before = await readSoFar()
      await client.query('savepoint once')
      await verb()
      if (time < 8) await client.query('rollback to once')
    }
    return (await readSoFar()) - before
  } finally {
    await client.query('rollback')
  }
}

async function readSoFar(): Promise<number> {
  const { rows } = await client.query<{ rows: number }>(
    `select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int as rows from pg_stat_xact_user_tables`,
  )
  return rows[0]!.rows
}

const PAGE = { limit: 10, order: 'asc' as const }
const MIDDLE = RUNS_OF_LONG_SESSION / 2

describe('with thousands of sessions, and one of thousands of turns, few rows are read by', () => {
  test('x', async () => {
    const next = await engine.say(long)
    const blocked = await engine.say(long)
    const log: Record<string, number> = {}
    const m = async (name: string, verb: () => Promise<unknown>) => { log[name] = await rowsRead(verb) }
    await m('claim', () => claimRuns(db, worker, [], 10))
    await m('claim hinted', () => claimRuns(db, worker, [next.runId], 1))
    await m('heartbeat', () => heartbeat(db, worker))
    await m('unclaimed', () => findUnclaimedRuns(db, 0, 10))
    await m('overdue', () => findOverdueRuns(db, 10))
    await m('orphaned', () => findOrphanedRuns(db, 10))
    await m('lapsed', () => markLapsedWorkers(db, 'expired'))
    await m('nextDue', () => nextDueIn(db))
    await m('accept', () => acceptMessage(db, engine.message(long)))
    await m('accept busy', () => acceptMessage(db, engine.message(long, { onBusy: 'reject' })))
    await m('events', () => readEvents(db, long, 5000, 10))
    await m('findRun', () => findRun(db, { organizationId: engine.organizationId, endUserId: null }, blocked.runId))
    await m('history', () => readHistory(db, long, RUNS_OF_LONG_SESSION, 10))
    await m('listItems', () => listItems(db, long, { runNo: MIDDLE, itemNo: 0 }, PAGE))
    await m('listRuns', () => listRuns(db, long, MIDDLE, PAGE))
    const all = await listSessions(engine.db, { organizationId: engine.organizationId, endUserId: null, agent: null, space: null, status: null, metadata: {}, after: null }, { limit: 200, order: 'asc' })
    const filter = { organizationId: engine.organizationId, endUserId: null, agent: null, space: null, status: null, metadata: {}, after: all[100]!.id }
    await m('listSessions', () => listSessions(db, filter, { limit: 10, order: 'asc' }))
    await m('listSessions desc', () => listSessions(db, filter, { limit: 10, order: 'desc' }))
    await m('listSessions of one', () => listSessions(db, { ...filter, endUserId: all[0]!.endUserId, after: null }, { limit: 10, order: 'desc' }))
    const claimed = await engine.take(next.runId)
    await m('append', () => append(db, holdOf(claimed), created(itemOf(claimed, 1, 'complete'))))
    await m('hold', () => holdStands(db, holdOf(claimed)))
    await m('finish', () => finish(db, claimed))
    await m('heartbeat2', () => heartbeat(db, worker))
    await m('seqBefore', () => readRunSeqBefore(db, long, claimed.run.id, 100000000))
    console.log(log)
    void [newId, bare, forceEndRun, readSnapshot, expect]
  })
})
