import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { SessionEvent } from '@shared/domain/events'
import { type SessionView, foldSession } from '@shared/domain/foldSession'
import { newId } from '@shared/domain/ids'
import type { Run } from '@shared/domain/objects'
import { tunables } from '@shared/domain/tunables'
import fc from 'fast-check'
import pg from 'pg'
import { type SessionSnapshot, readLiveRun, readSnapshot } from '../readSnapshot.ts'
import { expectSound } from './invariants.ts'
import { RandomSession, steps } from './randomSession.ts'
import {
  ERROR,
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
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.close())

/**
 * A view as a snapshot can tell it. A run's place in the queue is only told when it is queued; and of a run that waits
 * for another attempt the log tells how the last one went with the run's next event.
 */
function comparable({ seq, session, state, items, runs }: Omit<SessionView, 'retrying'>) {
  const plain = runs.map(({ queuePosition: _place, ...run }: Run) =>
    run.status === 'queued' ? { ...run, attempts: run.attempts.length } : run,
  )
  return { seq, metadata: session?.metadata, state, items, runs: plain }
}

function eventOf({ seq, ...data }: SessionSnapshot): SessionEvent {
  return { seq, type: 'snapshot', sessionId: data.session.id, at: data.session.createdAt, data }
}

describe('a snapshot', () => {
  test('of any session at any time equals the fold of its whole log, and can be gone on from', async () => {
    await fc.assert(
      fc.asyncProperty(steps(60), async (sequence) => {
        const session = new RandomSession(engine, await engine.newSession())
        const snapshots: SessionSnapshot[] = []
        for (const step of sequence) {
          await session.take(step)
          if (step.pick % 4 === 0) snapshots.push((await readSnapshot(engine.db, session.sessionId))!)
        }
        const log = await engine.log(session.sessionId)
        const whole = comparable(foldSession(log))
        for (const snapshot of snapshots) {
          const view = foldSession(log.slice(0, snapshot.seq))
          expect(comparable({ ...snapshot, state: snapshot.session.state })).toEqual(comparable(view))
          expect(comparable(foldSession([eventOf(snapshot), ...log.slice(snapshot.seq)]))).toEqual(whole)
        }
        await expectSound(engine, session.sessionId)
      }),
      { numRuns: 15 },
    )
  })

  test('taken while a worker streams is one instant: its seq is that of its items', async () => {
    const sessionId = await engine.newSession()
    const claimed = await engine.take((await engine.say(sessionId)).runId)
    const item = itemOf(claimed, 1, 'streaming')
    await append(engine.db, holdOf(claimed), created(item))
    const writing = (async () => {
      for (let i = 0; i < 60; i++) await append(engine.db, holdOf(claimed), grown(item, `${i} `))
    })()
    const snapshots = await Promise.all(Array.from({ length: 30 }, () => readSnapshot(engine.db, sessionId)))
    await writing
    const log = await engine.log(sessionId)
    for (const snapshot of snapshots) expect(snapshot!.items).toEqual(foldSession(log.slice(0, snapshot!.seq)).items)
  })

  test('whose connection breaks fails, and nothing else does', async () => {
    const sessionId = await engine.newSession()
    const { runId } = await engine.say(sessionId)
    const url = new URL(String(engine.db.options.connectionString))
    const killer = new pg.Client({ connectionString: url.href, application_name: 'killer' })
    await killer.connect()
    const kill = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'store test' and datname = current_database()`
    let failures = 0
    for (let round = 0; round < 10; round++) {
      const reads = Array.from({ length: 10 }, (_, i) =>
        i % 2 === 0 ? readSnapshot(engine.db, sessionId) : readLiveRun(engine.db, sessionId, runId),
      )
      await killer.query(kill)
      failures += (await Promise.allSettled(reads)).filter(({ status }) => status === 'rejected').length
    }
    await killer.end()
    expect(failures).toBeGreaterThan(0)
    expect(await readSnapshot(engine.db, sessionId)).toMatchObject({ seq: 3 })
  })

  test('of an absent session is null, of a new one has no items', async () => {
    expect(await readSnapshot(engine.db, newId('session'))).toBeNull()
    expect(await readSnapshot(engine.db, await engine.newSession())).toMatchObject({ seq: 1, items: [], runs: [] })
  })

  const QUEUED = 90

  test('of a long session holds the newest items, their runs, and every live run', async () => {
    const sessionId = await engine.newSession()
    const first = await engine.take((await engine.say(sessionId)).runId)
    await finish(engine.db, first)
    const held = await engine.take((await engine.say(sessionId)).runId)
    await append(engine.db, holdOf(held), created(itemOf(held, 1, 'streaming')))
    // As many runs as may wait, each with three messages: more items than a snapshot holds.
    for (let i = 0; i < QUEUED; i++) {
      await engine.say(sessionId)
      for (let joined = 0; joined < 2; joined++) await engine.say(sessionId, { onBusy: 'merge' })
    }
    const running = (await readSnapshot(engine.db, sessionId))!
    expect(running.items).toHaveLength(tunables.sessionItems)
    expect(running.items[0]!.runNo).toBe(3 + Math.floor((3 * QUEUED - tunables.sessionItems) / 3))
    expect(running.runs.map((run) => run.runNo)).toEqual(Array.from({ length: QUEUED + 1 }, (_, i) => i + 2))
    // Also when none is held: the oldest of them has no item in the snapshot.
    await finish(engine.db, held)
    const waiting = (await readSnapshot(engine.db, sessionId))!
    expect(waiting.runs.map((run) => run.runNo)).toEqual(Array.from({ length: QUEUED }, (_, i) => i + 3))
  })

  test('leaves out hidden items, of settled runs and of the live one', async () => {
    const sessionId = await engine.newSession()
    await finish(engine.db, await engine.take((await engine.say(sessionId)).runId))
    await engine.rows(`update items set hidden = true where session_id = $1 and kind = 'output'`, bare(sessionId))
    const first = await engine.take((await engine.say(sessionId)).runId)
    await append(engine.db, holdOf(first), created(itemOf(first, 1, 'complete', 'step', 'first')))
    await requeue(engine.db, holdOf(first), 'failed')
    const waiting = (await readSnapshot(engine.db, sessionId))!
    expect(waiting.items.map((item) => item.data.content)).toEqual(['hello', 'hello', 'first'])
    expect(waiting.runs.at(-1)).toMatchObject({ status: 'queued', attempts: [{ outcome: 'failed', error: ERROR }] })
    const second = await engine.take(first.run.id)
    await append(engine.db, holdOf(second), created(itemOf(second, 1, 'complete', 'step', 'second')))
    const snapshot = (await readSnapshot(engine.db, sessionId))!
    expect(snapshot.items.map((item) => item.data.content)).toEqual(['hello', 'hello', 'second'])
  })
})
