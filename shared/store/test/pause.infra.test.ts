import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { forceEndRun } from '../forceEndRun.ts'
import { readRunItems } from '../history.ts'
import { readSession } from '../sessions.ts'
import { readSnapshot } from '../readSnapshot.ts'
import { expectSound } from './invariants.ts'
import { ANSWERS, CALLS, answer, expire, pause } from './legs.ts'
import {
  type TestEngine,
  append,
  bare,
  created,
  finish,
  holdOf,
  itemOf,
  requeue,
  startTestEngine,
  textOf,
  typesOf,
} from './testEngine.ts'

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.close())

async function running() {
  return engine.take((await engine.say(await engine.newSession())).runId)
}

async function paused() {
  const claimed = await running()
  const step = itemOf(claimed, 1, 'complete', 'step', 'leg 0')
  await append(engine.db, holdOf(claimed), created(step))
  await pause(engine, holdOf(claimed), 'first', { items: [step], usage: { inputTokens: 3, costUsd: 0.1 } })
  return claimed
}

const shown = async (sessionId: string) => (await readSnapshot(engine.db, sessionId))!.items.map(textOf)

describe('a pause', () => {
  test('settles its leg’s items as rows, applies state and metadata, and says what it waits for', async () => {
    const claimed = await running()
    const hold = holdOf(claimed)
    const step = itemOf(claimed, 1, 'complete', 'step', 'thinking')
    const more = { items: [step], events: [created(step)], state: { at: 'till' }, metadata: { vip: true } }
    const events = (await pause(engine, hold, 'first', more))!
    expect(typesOf(events)).toEqual(['item.created', 'state.updated', 'session.updated', 'run.paused'])
    expect(await readSession(engine.db, hold.sessionId)).toMatchObject({
      state: { at: 'till' },
      metadata: { vip: true },
    })
    const rows = await engine.rows(
      'select leg, kind, status from items where run_id = $1 order by item_no',
      bare(hold.runId),
    )
    expect(rows).toEqual([
      { leg: 0, kind: 'input', status: 'complete' },
      { leg: 0, kind: 'step', status: 'complete' },
    ])
    const run = await engine.run(hold.runId)
    expect(run).toMatchObject({ status: 'paused', leg: 0, pause: { pauseId: 'first', toolCalls: CALLS } })
    expect(run.pause!.expiresAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(events.at(-1)).toMatchObject({ data: { run } })
    const [row] = await engine.rows<{ deadline_at: Date }>(
      'select deadline_at from runs where id = $1',
      bare(hold.runId),
    )
    expect(row!.deadline_at.toISOString()).toBe(run.pause!.expiresAt)
    await expectSound(engine, hold.sessionId)
  })

  test('keeps its session held: a later message waits, and its time has not begun', async () => {
    const claimed = await paused()
    const { sessionId, runId } = holdOf(claimed)
    const next = await engine.say(sessionId)
    expect(next.ringAfterMs).toBeNull()
    expect(await engine.claim(await engine.newWorker(), 10, [next.runId])).toEqual([])
    await engine.rows(`update runs set queued_at = queued_at - interval '1 day', deadline_at = deadline_at - interval '1 day'
      where id = $1`, bare(next.runId)) // prettier-ignore
    expect(await expire(engine, { sessionId, runId: next.runId }, 'end')).toBe('not_overdue')
    await engine.rows(`update runs set deadline_at = queued_at + interval '1 hour' where id = $1`, bare(next.runId))
    expect(await forceEndRun(engine.db, { sessionId, runId, status: 'cancelled' })).toMatchObject({
      nextRunId: next.runId,
    })
    const [row] = await engine.rows<{ fresh: boolean }>(
      `select deadline_at > clock_timestamp() + interval '59 minutes' as fresh from runs where id = $1`,
      bare(next.runId),
    )
    expect(row!.fresh).toBe(true)
    await engine.take(next.runId)
    await expectSound(engine, sessionId)
  })

  test('fences its worker', async () => {
    const claimed = await paused()
    const before = await engine.log(claimed.session.id)
    expect(await append(engine.db, holdOf(claimed), created(itemOf(claimed, 2, 'complete')))).toEqual([])
    expect((await finish(engine.db, claimed)).outcome).toBe('fenced')
    expect(await requeue(engine.db, holdOf(claimed), 'failed')).toBeNull()
    expect(await pause(engine, holdOf(claimed), 'again')).toBeNull()
    expect(await engine.log(claimed.session.id)).toEqual(before)
  })
})

describe('answers to a pause', () => {
  test('gather until all calls have one; then the next leg gets them in the order of the calls', async () => {
    const claimed = await paused()
    const hold = holdOf(claimed)
    expect((await answer(engine, hold, 'first', { order: ANSWERS.order! })).outcome).toBe('waiting')
    expect((await engine.run(hold.runId)).status).toBe('paused')
    const last = await answer(engine, hold, 'first', { place: ANSWERS.place! })
    if (last.outcome !== 'resumed') throw new Error(last.outcome)
    expect(typesOf(last.events)).toEqual(['run.resumed'])
    const next = await engine.take(hold.runId)
    expect(next.run).toMatchObject({ leg: 1, attempt: 2, nextItemNo: 2 })
    expect(next.toolResults).toEqual([
      { callId: 'place', output: 'here' },
      { callId: 'order', approved: true },
    ])
    expect(await readRunItems(engine.db, hold.runId)).toEqual([{ content: 'leg 0' }])
    await expectSound(engine, hold.sessionId)
  })

  test('given again change nothing, given otherwise are refused; also after the run has gone on', async () => {
    const claimed = await paused()
    const hold = holdOf(claimed)
    const place = { place: ANSWERS.place! }
    const other = { place: { output: 'there' } }
    await answer(engine, hold, 'first', place)
    const before = await engine.log(hold.sessionId)
    expect((await answer(engine, hold, 'first', place)).outcome).toBe('waiting')
    expect((await answer(engine, hold, 'first', { ...other, order: ANSWERS.order! })).outcome).toBe('already_resolved')
    expect(await answer(engine, hold, 'first', { ...place, coffee: { output: 1 } })).toEqual({
      outcome: 'unknown_call',
      callId: 'coffee',
    })
    expect((await answer(engine, hold, 'second')).outcome).toBe('not_paused')
    expect(await engine.log(hold.sessionId)).toEqual(before)
    await answer(engine, hold, 'first')
    expect((await answer(engine, hold, 'first')).outcome).toBe('waiting')
    expect((await answer(engine, hold, 'first', other)).outcome).toBe('already_resolved')
    await finish(engine.db, await engine.take(hold.runId), { items: [], events: [] })
    expect((await answer(engine, hold, 'first')).outcome).toBe('waiting')
  })

  test('come too late when the run was cancelled: those that are new are refused', async () => {
    const { sessionId, runId } = holdOf(await paused())
    await answer(engine, { sessionId, runId }, 'first', { place: ANSWERS.place! })
    await forceEndRun(engine.db, { sessionId, runId, status: 'cancelled' })
    expect((await answer(engine, { sessionId, runId }, 'first', { place: ANSWERS.place! })).outcome).toBe('waiting')
    expect((await answer(engine, { sessionId, runId }, 'first')).outcome).toBe('not_paused')
    expect(await shown(sessionId)).toEqual(['hello', 'leg 0'])
  })

  test('sent twenty times at once resume the run once', async () => {
    const hold = holdOf(await paused())
    const answers = await Promise.all(Array.from({ length: 20 }, () => answer(engine, hold, 'first')))
    expect(answers.map(({ outcome }) => outcome).toSorted()).toEqual(['resumed', ...Array<string>(19).fill('waiting')])
    await expectSound(engine, hold.sessionId)
  })

  test('race the pause’s expiry: one of them wins, and whoever was told so is right', async () => {
    for (let round = 0; round < 20; round++) {
      const hold = holdOf(await paused())
      const [resumed, expired] = await Promise.all([answer(engine, hold, 'first'), expire(engine, hold, 'resume')])
      const { status, error } = await engine.run(hold.runId)
      if (resumed.outcome === 'resumed') expect([status, expired]).toEqual(['queued', 'not_overdue'])
      else
        expect([status, error?.code, expired, resumed.outcome]).toEqual(['failed', 'no_resume', 'ended', 'not_paused'])
      await expectSound(engine, hold.sessionId)
    }
  })
})

describe('a leg after a pause', () => {
  test('that is tried again supersedes its own attempts’ items, and none of earlier legs', async () => {
    const first = await paused()
    await answer(engine, holdOf(first), 'first')
    const second = await engine.take(first.run.id)
    await append(engine.db, holdOf(second), created(itemOf(second, 2, 'complete', 'step', 'leg 1, lost')))
    await requeue(engine.db, holdOf(second), 'lapsed')
    const third = await engine.take(first.run.id)
    const { data } = third.events[0]!
    expect(data).toMatchObject({ supersededItemIds: [expect.any(String)] })
    await append(engine.db, holdOf(third), created(itemOf(third, 2, 'streaming', 'step', 'leg 1')))
    expect(await shown(first.session.id)).toEqual(['hello', 'leg 0', 'leg 1'])
    await forceEndRun(engine.db, { sessionId: first.session.id, runId: first.run.id, status: 'cancelled' })
    const rows = 'select leg, status, data from items where run_id = $1 order by item_no'
    expect(await engine.rows(rows, bare(first.run.id))).toMatchObject([
      { leg: 0 },
      { leg: 0, status: 'complete', data: { content: 'leg 0' } },
      { leg: 1, status: 'incomplete', data: { content: 'leg 1' } },
    ])
    await expectSound(engine, first.session.id)
  })

  test('may pause again; the usage of all legs adds up', async () => {
    const first = await paused()
    await answer(engine, holdOf(first), 'first')
    const second = await engine.take(first.run.id)
    const calls = { toolCalls: [{ callId: 'place', name: 'where_am_i', arguments: {} }] }
    await pause(engine, holdOf(second), 'second', { ...calls, usage: { inputTokens: 4, outputTokens: 1, model: 'b' } })
    expect((await answer(engine, holdOf(first), 'first')).outcome).toBe('waiting')
    expect((await answer(engine, holdOf(first), 'first', { place: { output: 0 } })).outcome).toBe('already_resolved')
    expect((await answer(engine, holdOf(first), 'second', { place: { output: 2 } })).outcome).toBe('resumed')
    const third = await engine.take(first.run.id)
    expect(third.run.leg).toBe(2)
    expect(third.toolResults).toEqual([{ callId: 'place', output: 2 }])
    await finish(engine.db, third, { items: [], events: [], usage: { outputTokens: 5, costUsd: 0.2 } })
    expect(await engine.run(first.run.id)).toMatchObject({
      status: 'completed',
      usage: { inputTokens: 7, outputTokens: 6, costUsd: 0.3, model: 'b' },
      attempts: [
        { leg: 0, outcome: 'paused' },
        { leg: 1, outcome: 'paused' },
        { leg: 2, outcome: 'completed' },
      ],
    })
    await expectSound(engine, first.session.id)
  })
})
