import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { newId } from '@shared/domain/ids'
import { type NewExternalRun, beginExternalRun, pushToRun } from '../externalRuns.ts'
import { findOverdueRuns } from '../dueRuns.ts'
import { type ForcedEnd, forceEndRun } from '../forceEndRun.ts'
import { type Hold, pauseRun } from '../runTransitions.ts'
import { listItems, readSession } from '../sessions.ts'
import { findOrphanedRuns } from '../workers.ts'
import { expectSound } from './invariants.ts'
import { endOutside, expire, handOver, push, takeOutside, targetOf } from './legs.ts'
import {
  ERROR,
  type TestEngine,
  bare,
  finish,
  holdOf,
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

const PAGE = { limit: 200, order: 'asc' as const }

async function outside() {
  const claimed = await takeOutside(engine, await engine.newSession())
  const hold = holdOf(claimed)
  return { claimed, hold, target: targetOf(engine, hold, hold.epoch) }
}

function begin(sessionId: string, more: Partial<NewExternalRun> = {}) {
  const { organizationId, agentVersionId, version } = engine.message(sessionId)
  const run = { organizationId, sessionId, runType: 'chat', runMetadata: {}, agentVersionId, version, idleMs: 60_000 }
  return beginExternalRun(engine.db, { ...run, input: { content: 'hello' }, items: [], end: null, ...more })
}

function cancelOrFail({ sessionId, runId }: Hold, more: Pick<ForcedEnd, 'status' | 'onlyOverdue'>) {
  return forceEndRun(engine.db, { sessionId, runId, ...more })
}

async function rowsOf(sessionId: string) {
  const items = await listItems(engine.db, sessionId, null, PAGE)
  return items.map((item) => `${item.itemNo} ${item.kind} ${textOf(item)} ${item.status}`)
}

describe('a run that its agent app begins by itself', () => {
  test('is held by its session at once; a message waits behind it', async () => {
    const sessionId = await engine.newSession()
    const begun = await begin(sessionId, { items: [{ content: 'one' }] })
    if (begun.outcome !== 'accepted') throw new Error(begun.outcome)
    expect(typesOf(begun.events)).toEqual(['item.created', 'run.queued', 'run.started', 'item.created'])
    expect((await engine.say(sessionId)).ringAfterMs).toBeNull()
    expect(await begin(sessionId)).toEqual({ outcome: 'busy', activeRunId: begun.runId })
    await expectSound(engine, sessionId)
  })

  test('may be over as it begins: with its output, its state and its usage', async () => {
    const sessionId = await engine.newSession()
    const said = { items: [{ content: 'one' }, { content: 'two' }], state: { at: 1 }, usage: { inputTokens: 2 } }
    const begun = await begin(sessionId, { ...said, end: { status: 'completed' } })
    if (begun.outcome !== 'accepted') throw new Error(begun.outcome)
    expect(begun.events.map((event) => event.seq)).toEqual(begun.events.map((_, i) => 2 + i))
    expect(await rowsOf(sessionId)).toEqual(['0 input hello complete', '1 step one complete', '2 output two complete'])
    expect(await engine.run(begun.runId)).toMatchObject({ status: 'completed', usage: { inputTokens: 2 } })
    expect(await readSession(engine.db, sessionId)).toMatchObject({ state: { at: 1 } })
    await expectSound(engine, sessionId)
  })

  test('is begun once by twenty requests with one key', async () => {
    const sessionId = await engine.newSession()
    const idempotency = { principal: 'p', route: 'POST runs', key: newId('request'), requestHash: 'hash' }
    const begun = await Promise.all(Array.from({ length: 20 }, () => begin(sessionId, { idempotency })))
    expect(begun.map(({ outcome }) => outcome).toSorted()).toEqual(['accepted', ...Array<string>(19).fill('replayed')])
    await expectSound(engine, sessionId)
  })
})

describe('a run that was handed over', () => {
  test('is its agent app’s: the worker that had it can’t end it, pause it or give it back', async () => {
    const { claimed, hold } = await outside()
    expect((await finish(engine.db, claimed)).outcome).toBe('fenced')
    expect(await requeue(engine.db, hold, 'drained')).toBeNull()
    const leg = { pauseId: 'p', toolCalls: [], expiresMs: 1, items: [], events: [] }
    expect(await pauseRun(engine.db, { ...hold, ...leg, attempt: { outcome: 'paused' } })).toBeNull()
    const { sessionId, runId, epoch } = hold
    expect((await forceEndRun(engine.db, { sessionId, runId, epoch, status: 'failed', error: ERROR })).outcome).toBe(
      'fenced',
    )
    // asked for again, because the answer was lost
    expect(await handOver(engine, hold)).toBe(true)
    await engine.rows('update workers set lapsed_at = clock_timestamp()')
    expect((await findOrphanedRuns(engine.db, 1_000)).map((orphan) => orphan.runId)).not.toContain(runId)
    expect(await engine.run(runId)).toMatchObject({ status: 'running', attempts: [{ outcome: 'running' }] })
    await expectSound(engine, sessionId)
  })

  test('takes nothing under the epoch of an earlier attempt', async () => {
    const sessionId = await engine.newSession()
    const { runId } = await engine.say(sessionId)
    const first = await engine.take(runId)
    await requeue(engine.db, holdOf(first), 'lapsed')
    const second = await engine.take(runId)
    await handOver(engine, holdOf(second))
    const stale = targetOf(engine, holdOf(first), first.run.epoch)
    expect((await push(engine, stale, 'x')).outcome).toBe('run_ended')
    expect((await endOutside(engine, stale, undefined, 'x')).outcome).toBe('fenced')
    expect((await push(engine, targetOf(engine, holdOf(second), second.run.epoch), 'y')).outcome).toBe('pushed')
    expect((await push(engine, targetOf(engine, holdOf(second), null), 'z')).outcome).toBe('pushed')
    await expectSound(engine, sessionId)
  })
})

describe('what an agent app pushes', () => {
  test('is numbered on; the last item of a completed run is its output; state counts from its end on', async () => {
    const { hold, target } = await outside()
    await push(engine, target, 'one', 'two')
    await pushToRun(
      engine.db,
      target,
      { items: [], state: 1, metadata: { a: 1, b: 1 }, usage: { inputTokens: 1 } },
      60_000,
    )
    await pushToRun(engine.db, target, { items: [], metadata: { b: 2 }, usage: { inputTokens: 5 } }, 60_000)
    expect(await readSession(engine.db, hold.sessionId)).toMatchObject({ state: null, metadata: {} })
    const ended = await endOutside(engine, target)
    if (ended.outcome !== 'ended') throw new Error(ended.outcome)
    expect(typesOf(ended.events)).toEqual(['item.completed', 'state.updated', 'session.updated', 'run.completed'])
    expect(await rowsOf(hold.sessionId)).toEqual([
      '0 input hello complete',
      '1 step one complete',
      '2 output two complete',
    ])
    expect(await readSession(engine.db, hold.sessionId)).toMatchObject({ state: 1, metadata: { a: 1, b: 2 } })
    expect(await engine.run(hold.runId)).toMatchObject({
      usage: { inputTokens: 5 },
      attempts: [{ outcome: 'completed' }],
    })
    expect((await push(engine, target, 'late')).outcome).toBe('run_ended')
    expect((await endOutside(engine, target, undefined, 'late')).outcome).toBe('already_ended')
    await expectSound(engine, hold.sessionId)
  })

  test('of state is dropped when the run is rolled back, cancelled or falls silent; what it used is kept', async () => {
    for (const way of ['rollback', 'cancel', 'silence'] as const) {
      const { hold, target } = await outside()
      await pushToRun(engine.db, target, { items: [], state: 1, metadata: { a: 1 }, usage: { inputTokens: 5 } }, 60_000)
      if (way === 'rollback') await engine.say(hold.sessionId, { onBusy: 'rollback' })
      if (way === 'cancel') await cancelOrFail(hold, { status: 'cancelled' })
      if (way === 'silence') await expire(engine, hold, 'push')
      expect(await readSession(engine.db, hold.sessionId)).toMatchObject({ state: null, metadata: {} })
      expect((await engine.run(hold.runId)).usage).toEqual({ inputTokens: 5 })
      await expectSound(engine, hold.sessionId)
    }
  })

  test('a completed run needs an item', async () => {
    const { target } = await outside()
    expect((await endOutside(engine, target)).outcome).toBe('no_output')
    expect((await endOutside(engine, target, { status: 'failed', error: ERROR })).outcome).toBe('ended')
  })

  test('twenty times at once, and the end at the same time, is kept whole or refused', async () => {
    for (let round = 0; round < 5; round++) {
      const { hold, target } = await outside()
      const texts = Array.from({ length: 20 }, (_, i) => `push ${i}`)
      const [ended, ...pushed] = await Promise.all([
        endOutside(engine, target, undefined, 'the end'),
        ...texts.map((text) => push(engine, target, text)),
      ])
      expect(ended.outcome).toBe('ended')
      const kept = texts.filter((_, i) => pushed[i]!.outcome === 'pushed')
      expect(pushed.every(({ outcome }) => outcome === 'pushed' || outcome === 'run_ended')).toBe(true)
      const items = (await listItems(engine.db, hold.sessionId, null, PAGE)).slice(1)
      expect(items.slice(0, -1).map(textOf).toSorted()).toEqual(kept.toSorted())
      expect(items.at(-1)).toMatchObject({ kind: 'output', data: { content: 'the end' } })
      await expectSound(engine, hold.sessionId)
    }
  })

  test('with one key is taken once', async () => {
    const { hold, target } = await outside()
    const idempotency = { principal: 'p', route: 'PATCH run', key: newId('request'), requestHash: 'hash' }
    const say = () => pushToRun(engine.db, target, { items: [{ content: 'x' }] }, 60_000, idempotency)
    const said = await Promise.all(Array.from({ length: 10 }, say))
    expect(said.map(({ outcome }) => outcome).toSorted()).toEqual(['pushed', ...Array<string>(9).fill('replayed')])
    await endOutside(engine, target)
    expect((await say()).outcome).toBe('replayed')
    expect(await rowsOf(hold.sessionId)).toHaveLength(2)
  })
})

describe('silence', () => {
  test('ends a run as failed, with what it had shown; whatever is pushed puts that off', async () => {
    const { hold, target } = await outside()
    await push(engine, target, 'shown')
    await engine.rows('update runs set deadline_at = clock_timestamp() where id = $1', bare(hold.runId))
    const overdue = async () => (await findOverdueRuns(engine.db, 1_000)).filter((run) => run.runId === hold.runId)
    expect(await overdue()).toEqual([{ sessionId: hold.sessionId, runId: hold.runId, waitsFor: 'push' }])
    await push(engine, target)
    expect(await overdue()).toEqual([])
    expect(await cancelOrFail(hold, { status: 'failed', onlyOverdue: true })).toEqual({
      outcome: 'not_overdue',
    })
    expect(await expire(engine, hold, 'push')).toBe('ended')
    expect(await engine.run(hold.runId)).toMatchObject({ status: 'failed', error: { code: 'no_push' } })
    expect((await rowsOf(hold.sessionId)).at(-1)).toBe('1 step shown complete')
    await expectSound(engine, hold.sessionId)
  })

  test('that is broken while the run is being ended is not its end', async () => {
    const { hold, target } = await outside()
    await engine.rows('update runs set deadline_at = clock_timestamp() where id = $1', bare(hold.runId))
    const client = await engine.db.connect()
    await client.query('begin')
    await client.query('select from session_heads where session_id = $1 for update', [bare(hold.sessionId)])
    const pushed = push(engine, target)
    await engine.untilSomebodyWaits()
    const ended = cancelOrFail(hold, { status: 'failed', onlyOverdue: true })
    await engine.untilSomebodyWaits(2)
    await client.query('commit')
    client.release()
    expect([(await pushed).outcome, (await ended).outcome]).toEqual(['pushed', 'not_overdue'])
    expect((await engine.run(hold.runId)).status).toBe('running')
  })

  test('and the end by its agent app at once end it once', async () => {
    for (let round = 0; round < 10; round++) {
      const { hold, target } = await outside()
      await push(engine, target, 'x')
      const ends = await Promise.all([endOutside(engine, target), expire(engine, hold, 'push')])
      expect([ends[0].outcome, ends[1]].filter((outcome) => outcome === 'ended')).toHaveLength(1)
      await expectSound(engine, hold.sessionId)
    }
  })
})
