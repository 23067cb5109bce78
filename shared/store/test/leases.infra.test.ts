import { tunables } from '@shared/domain/tunables'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { newId } from '@shared/domain/ids'
import { requeueRun } from '../runTransitions.ts'
import { findOrphanedRuns, forgetWorkers, heartbeat, markLapsedWorkers, removeWorker } from '../workers.ts'
import { isQuarantineNeeded } from '../dueRuns.ts'
import { expectSound } from './invariants.ts'
import {
  type TestEngine,
  append,
  bare,
  created,
  finish,
  grown,
  holdOf,
  itemOf,
  requeue,
  startTestEngine,
} from './testEngine.ts'

let engine: TestEngine
let worker: string
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.close())
beforeEach(async () => {
  await engine.clear()
  worker = await engine.newWorker()
})

const LOST = { code: 'worker_lost', message: 'lost' }

async function running(workerId = worker) {
  const sessionId = await engine.newSession()
  return engine.take((await engine.say(sessionId)).runId, workerId)
}

/** As when the worker could not renew for longer than its lease. */
async function expireLease(workerId = worker): Promise<void> {
  await engine.rows(
    `update workers set lease_until = clock_timestamp() - interval '1 ms' where id = $1`,
    bare(workerId),
  )
}

async function leaseOf(workerId: string): Promise<{ left: boolean; lapsed: boolean }> {
  const [row] = await engine.rows<{ left: boolean; lapsed: boolean }>(
    `select lease_until > clock_timestamp() + interval '5 s' as left, lapsed_at is not null as lapsed from workers where id = $1`,
    bare(workerId),
  )
  return row!
}

describe('a heartbeat', () => {
  test('renews the lease and names the runs that this worker holds, no others', async () => {
    const mine = [await running(), await running()]
    const ended = await running()
    const waiting = await running()
    await running(await engine.newWorker())
    await finish(engine.db, ended)
    await requeue(engine.db, holdOf(waiting), 'failed', 60_000)
    await expireLease()
    const held = await heartbeat(engine.db, worker, tunables.lease)
    const byId = (a: { runId: string }, b: { runId: string }) => (a.runId < b.runId ? -1 : 1)
    const expected = mine.map((claimed) => ({ sessionId: claimed.session.id, runId: claimed.run.id, epoch: 1 }))
    expect(held!.toSorted(byId)).toEqual(expected.toSorted(byId))
    expect(await leaseOf(worker)).toEqual({ left: true, lapsed: false })
  })

  test('of an idle worker names none', async () => {
    expect(await heartbeat(engine.db, worker, tunables.lease)).toEqual([])
  })

  test('names a run under its new epoch when this worker has claimed it again', async () => {
    const first = await running()
    await requeue(engine.db, holdOf(first), 'failed')
    await engine.take(first.run.id, worker)
    expect(await heartbeat(engine.db, worker, tunables.lease)).toEqual([
      { sessionId: first.session.id, runId: first.run.id, epoch: 3 },
    ])
  })

  test('comes too late once the worker was taken for dead, however often it beats', async () => {
    await running()
    await expireLease()
    await markLapsedWorkers(engine.db, 'expired')
    expect(await heartbeat(engine.db, worker, tunables.lease)).toBeNull()
    expect(await heartbeat(engine.db, worker, tunables.lease)).toBeNull()
    expect(await leaseOf(worker)).toEqual({ left: false, lapsed: true })
  })

  test('of a worker that was never registered is lost', async () => {
    expect(await heartbeat(engine.db, newId('worker'), tunables.lease)).toBeNull()
  })
})

describe('workers that are lost', () => {
  test('are those whose lease has ended, each marked once', async () => {
    const other = await engine.newWorker()
    await expireLease()
    expect(await markLapsedWorkers(engine.db, 'expired')).toBe(1)
    expect(await markLapsedWorkers(engine.db, 'expired')).toBe(0)
    expect(await leaseOf(other)).toEqual({ left: true, lapsed: false })
    expect(await markLapsedWorkers(engine.db, 'all')).toBe(1)
    expect(await leaseOf(other)).toEqual({ left: true, lapsed: true })
  })

  test('leave orphans: their running runs, and nobody else’s', async () => {
    const orphan = await running()
    await finish(engine.db, await running())
    await running(await engine.newWorker())
    expect(await findOrphanedRuns(engine.db, 10)).toEqual([])
    await expireLease()
    await markLapsedWorkers(engine.db, 'expired')
    expect(await findOrphanedRuns(engine.db, 10)).toEqual([
      { sessionId: orphan.session.id, runId: orphan.run.id, epoch: 1, lapses: 0 },
    ])
    expect(await findOrphanedRuns(engine.db, 0)).toEqual([])
  })

  test('leave orphans also when they are marked while a claim of theirs is under way', async () => {
    const sessionId = await engine.newSession()
    const { runId } = await engine.say(sessionId)
    const client = await engine.db.connect()
    await client.query('begin')
    await client.query('select claim_runs_v4($1, $2, 1, 0)', [bare(worker), [bare(runId)]])
    await removeWorker(engine.db, worker)
    expect(await findOrphanedRuns(engine.db, 10)).toEqual([])
    await client.query('commit')
    client.release()
    expect(await findOrphanedRuns(engine.db, 10)).toMatchObject([{ runId, epoch: 1 }])
  })

  test('lose a run to another: it begins anew, the lost attempt is superseded and written down', async () => {
    const lost = await running()
    const { sessionId, runId } = holdOf(lost)
    const shown = itemOf(lost, 1, 'streaming')
    await append(engine.db, holdOf(lost), created(shown), grown(shown, 'half a sen'))
    await expireLease()
    await markLapsedWorkers(engine.db, 'expired')
    const [orphan] = await findOrphanedRuns(engine.db, 10)
    const events = await requeueRun(engine.db, { ...orphan!, delayMs: 0, error: LOST, reason: 'lapsed' })
    expect(events).toMatchObject([{ type: 'run.retrying', attempt: 1, data: { runId, error: LOST } }])
    // Somebody else who reconciles at the same time comes too late.
    expect(await requeueRun(engine.db, { ...orphan!, delayMs: 0, error: LOST, reason: 'lapsed' })).toBeNull()
    expect(await findOrphanedRuns(engine.db, 10)).toEqual([])

    const again = await engine.take(runId)
    expect(again.run).toMatchObject({ attempt: 2, epoch: 3, failures: 0 })
    expect(again.events).toMatchObject([{ type: 'run.attempt', data: { supersededItemIds: [shown.id] } }])
    expect((await engine.run(runId)).attempts).toMatchObject([
      { outcome: 'lapsed', error: LOST },
      { outcome: 'running' },
    ])
    expect(await engine.rows('select lapses, failures from runs where id = $1', bare(runId))).toEqual([
      { lapses: 1, failures: 0 },
    ])
    expect(await append(engine.db, holdOf(lost), grown(shown, 'tence'))).toEqual([])
    await expectSound(engine, sessionId)
  })

  test.each([
    ['failed', { failures: 1, lapses: 0 }, 'failed'],
    ['lapsed', { failures: 0, lapses: 1 }, 'lapsed'],
    ['drained', { failures: 0, lapses: 0 }, 'superseded'],
  ] as const)('a run given back as %s is charged so', async (reason, counters, outcome) => {
    const claimed = await running()
    await requeue(engine.db, holdOf(claimed), reason)
    expect(await engine.rows('select failures, lapses from runs where id = $1', bare(claimed.run.id))).toEqual([
      counters,
    ])
    expect((await engine.run(claimed.run.id)).attempts).toMatchObject([{ outcome }])
    expect((await engine.take(claimed.run.id)).run.failures).toBe(counters.failures)
  })

  test('are forgotten after a day, but not while a run still names them', async () => {
    const idle = await engine.newWorker()
    const young = await engine.newWorker()
    await running()
    await markLapsedWorkers(engine.db, 'all')
    await engine.rows(
      `update workers set lapsed_at = lapsed_at - interval '25 hours' where id in ($1, $2)`,
      bare(worker),
      bare(idle),
    )
    await forgetWorkers(engine.db)
    const left = await engine.rows<{ id: string }>('select id from workers')
    expect(left.map((row) => row.id).toSorted()).toEqual([bare(worker), bare(young)].toSorted())
  })
})

describe('the quarantine is needed', () => {
  const LEFT = tunables.lease / 2

  /** A run whose first worker was lost, with its second. */
  async function lostOne(): Promise<void> {
    const claimed = await running()
    await requeue(engine.db, holdOf(claimed), 'lapsed')
    await engine.take(claimed.run.id, worker)
  }

  test('by a run that has lost two workers', async () => {
    const claimed = await running()
    await requeue(engine.db, holdOf(claimed), 'lapsed')
    const again = await engine.take(claimed.run.id, worker)
    expect(await isQuarantineNeeded(engine.db, LEFT)).toBe(false)
    await requeue(engine.db, holdOf(again), 'lapsed')
    expect(await isQuarantineNeeded(engine.db, LEFT)).toBe(true)
  })

  test('by one that has lost one, as soon as its second says nothing', async () => {
    await lostOne()
    expect(await isQuarantineNeeded(engine.db, LEFT)).toBe(false)
    await engine.rows(
      `update workers set lease_until = clock_timestamp() + make_interval(secs => $2) where id = $1`,
      bare(worker),
      LEFT / 1_000,
    )
    expect(await isQuarantineNeeded(engine.db, LEFT)).toBe(true)
  })

  test('not by one whose first worker says nothing', async () => {
    await running()
    await expireLease()
    expect(await isQuarantineNeeded(engine.db, LEFT)).toBe(false)
  })
})
