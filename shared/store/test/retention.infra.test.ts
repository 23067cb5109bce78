import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { foldSession } from '@shared/domain/foldSession'
import type { ClaimedRun } from '../claimRuns.ts'
import { raiseFloors } from '../compaction.ts'
import { forceEndRun } from '../forceEndRun.ts'
import { readEvents } from '../readEvents.ts'
import { readSnapshot } from '../readSnapshot.ts'
import { findOutdatedRuns, forgetRunsEvents } from '../retention.ts'
import { age, floorOf, forgetEvents } from './compacting.ts'
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
} from './testEngine.ts'

let engine: TestEngine
beforeEach(async () => {
  engine = await startTestEngine()
})
afterEach(() => engine.close())

const MINUTE = 60_000

/** A run that has streamed a little. */
async function stream(sessionId: string): Promise<ClaimedRun> {
  const claimed = await engine.take((await engine.say(sessionId)).runId)
  const item = itemOf(claimed, 1, 'streaming')
  await append(engine.db, holdOf(claimed), created(item), grown(item, 'a'), grown(item, 'b'))
  return claimed
}

describe('old events', () => {
  const counts = async (sessionId: string) =>
    (
      await engine.rows<{ events: number; bodies: number }>(
        `select (select count(*)::int from session_events where session_id = $1) as events,
           (select count(response_body)::int from attempts a join runs r on r.id = a.run_id where r.session_id = $1) as bodies`,
        bare(sessionId),
      )
    )[0]!

  async function answered(): Promise<string> {
    const sessionId = await engine.newSession()
    const attempt = { outcome: 'completed' as const, responseBody: Buffer.from('hello').toString('base64') }
    await finish(engine.db, await stream(sessionId), { attempt })
    return sessionId
  }

  test('are forgotten with what agent apps answered; what readers and people ask for is still there', async () => {
    const old = await answered()
    const before = (await readSnapshot(engine.db, old))!
    await age(engine, 48)
    const young = await answered()
    expect(await forgetEvents(engine, 24 * 60 * MINUTE)).toBe(1)
    expect(await counts(old)).toEqual({ events: 0, bodies: 0 })
    expect(await counts(young)).toMatchObject({ bodies: 1 })
    expect(typesOf(await engine.log(young))).toContain('run.completed')
    expect(await readSnapshot(engine.db, old)).toMatchObject({ seq: before.seq, items: before.items })
    expect(await readEvents(engine.db, old, 0, 10)).toEqual({ lastSeq: before.seq, floorSeq: before.seq, events: [] })
    expect(await findOutdatedRuns(engine.db, 24 * 60 * MINUTE, 10)).toEqual([])
  })

  test('of a run that is over are no reason to end it again', async () => {
    const sessionId = await engine.newSession()
    const claimed = await stream(sessionId)
    await finish(engine.db, claimed)
    await age(engine, 48)
    await forgetEvents(engine, 0)
    const end = { sessionId, runId: claimed.run.id, status: 'cancelled' as const }
    expect(await forceEndRun(engine.db, end)).toEqual({ outcome: 'already_ended' })
    expect(await finish(engine.db, claimed)).toEqual({ outcome: 'fenced' })
    expect(await counts(sessionId)).toMatchObject({ events: 0 })
  })

  test('stay while the run is live or waits in a queue, whose message goes on as any', async () => {
    const sessionId = await answered()
    const claimed = await stream(sessionId)
    const waiting = await engine.say(sessionId)
    await age(engine, 48)
    await forgetEvents(engine, 0)
    const item = itemOf(claimed, 2, 'complete', 'output', 'bye')
    await finish(engine.db, claimed, { items: [item], events: [completed(item)] })
    const next = await engine.take(waiting.runId)
    await finish(engine.db, next)
    const floor = await floorOf(engine, sessionId)
    const log = (await readEvents(engine.db, sessionId, floor, 1_000))!.events
    expect(log.map((event) => event.seq)).toEqual(log.map((_, i) => floor + i + 1))
    expect(log.map((event) => event.type).filter((type) => type === 'run.completed')).toHaveLength(2)
    const snapshot = (await readSnapshot(engine.db, sessionId))!
    expect(foldSession(log).items.at(-1)).toEqual(snapshot.items.at(-1))
  })

  test('go some at a time, and two at once harm nothing', async () => {
    const sessions = await Promise.all(Array.from({ length: 6 }, () => answered()))
    await age(engine, 48)
    const runs = await findOutdatedRuns(engine.db, 0, 100)
    expect(runs).toHaveLength(6)
    await raiseFloors(engine.db, sessions, 0)
    const ids = runs.map((run) => run.runId)
    expect(await forgetRunsEvents(engine.db, ids, 2)).toBe(0)
    await Promise.all([forgetEvents(engine, 0), forgetEvents(engine, 0)])
    expect(await forgetRunsEvents(engine.db, ids, 100)).toBeNull()
    for (const sessionId of sessions) expect(await counts(sessionId)).toEqual({ events: 0, bodies: 0 })
  })
})
