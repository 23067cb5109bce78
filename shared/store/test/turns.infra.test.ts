import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { findUnclaimedRuns } from '../dueRuns.ts'
import { forceEndRun } from '../forceEndRun.ts'
import { expectSound } from './invariants.ts'
import {
  type TestEngine,
  append,
  bare,
  completed,
  created,
  finish,
  grown,
  holdOf,
  itemOf,
  startTestEngine,
  typesOf,
  requeue,
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

const idsOf = (claims: readonly { run: { id: string } }[]) => claims.map((claimed) => claimed.run.id)

describe('the turns of a session', () => {
  test('a blocked run is not claimed, hinted or not; it is when the one before it has ended', async () => {
    const sessionId = await engine.newSession()
    const [first, second, third] = [
      await engine.say(sessionId),
      await engine.say(sessionId),
      await engine.say(sessionId),
    ]
    const claimed = await engine.take(first.runId)
    expect(await engine.claim(worker, 10, [second.runId, third.runId])).toEqual([])
    expect(await finish(engine.db, claimed)).toMatchObject({ outcome: 'ended', nextRunId: second.runId })
    expect(idsOf(await engine.claim(worker, 10, [third.runId]))).toEqual([second.runId])
    await expectSound(engine, sessionId)
  })

  test('a retry’s backoff blocks its session: no later turn overtakes', async () => {
    const sessionId = await engine.newSession()
    const first = await engine.take((await engine.say(sessionId)).runId)
    const second = await engine.say(sessionId)
    await requeue(engine.db, holdOf(first), 'failed', 60_000)
    expect(await engine.claim(worker, 10, [first.run.id, second.runId])).toEqual([])
    expect(await findUnclaimedRuns(engine.db, 0, 10)).toEqual([])
    await expectSound(engine, sessionId)
    await engine.rows(`update runs set due_at = clock_timestamp() where id = $1`, bare(first.run.id))
    const [again] = await engine.claim(worker, 10, [second.runId])
    expect(again!.run).toMatchObject({ id: first.run.id, attempt: 2, epoch: 3, failures: 1 })
    await expectSound(engine, sessionId)
  })

  test('a claim supersedes the items of earlier attempts, those that came with their completion alone as well', async () => {
    const sessionId = await engine.newSession()
    const first = await engine.take((await engine.say(sessionId)).runId)
    const [streaming, whole, late] = [1, 2, 3].map((no) => itemOf(first, no, no === 1 ? 'streaming' : 'complete'))
    await append(
      engine.db,
      holdOf(first),
      created(streaming!),
      grown(streaming!, 'x'),
      created(whole!),
      completed(whole!),
      completed(late!),
    )
    await requeue(engine.db, holdOf(first), 'failed')
    const second = await engine.take(first.run.id)
    expect(typesOf(second.events)).toEqual(['run.attempt'])
    const [event] = second.events
    if (event?.type !== 'run.attempt') throw new Error('not an attempt')
    expect(event.data.supersededItemIds.toSorted()).toEqual([streaming!.id, whole!.id, late!.id].toSorted())
    expect(event.data.run.attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'running'])
  })
})

describe('a cancelled run', () => {
  test('that was next lets the one behind it start', async () => {
    const sessionId = await engine.newSession()
    const [first, second] = [await engine.say(sessionId), await engine.say(sessionId)]
    const ended = await forceEndRun(engine.db, { sessionId, runId: first.runId, status: 'cancelled' })
    expect(ended).toMatchObject({ outcome: 'ended', nextRunId: second.runId })
    expect(idsOf(await engine.claim(worker, 10))).toEqual([second.runId])
    await expectSound(engine, sessionId)
  })

  test('that stood behind others lets nobody start: they may already', async () => {
    const sessionId = await engine.newSession()
    const [first, second] = [await engine.say(sessionId), await engine.say(sessionId)]
    const queuedAt = () => engine.rows('select queued_at from runs where id = $1', bare(first.runId))
    const before = await queuedAt()
    const ended = await forceEndRun(engine.db, { sessionId, runId: second.runId, status: 'cancelled' })
    expect(ended).toMatchObject({ outcome: 'ended', nextRunId: null })
    expect(await queuedAt()).toEqual(before)
    await expectSound(engine, sessionId)
  })
})
