import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { newId } from '@shared/domain/ids'
import { forceEndRun } from '../forceEndRun.ts'
import { listItems } from '../sessions.ts'
import { endRun } from '../runTransitions.ts'
import { readLiveRun } from '../readSnapshot.ts'
import { expectSound } from './invariants.ts'
import {
  type TestEngine,
  append,
  created,
  finish,
  grown,
  holdOf,
  itemOf,
  startTestEngine,
  typesOf,
  ERROR,
  requeue,
} from './testEngine.ts'

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.close())

const PAGE = { limit: 200, order: 'asc' as const }

async function running() {
  const sessionId = await engine.newSession()
  return engine.take((await engine.say(sessionId)).runId)
}

describe('a forced end', () => {
  test('of a streaming run keeps what was shown as incomplete rows and events', async () => {
    const claimed = await running()
    const { sessionId, runId } = holdOf(claimed)
    const [whole, open] = [itemOf(claimed, 1, 'complete', 'step', 'done'), itemOf(claimed, 2, 'streaming')]
    await append(
      engine.db,
      holdOf(claimed),
      created(whole),
      created(open),
      grown(open, 'half a '),
      grown(open, 'sentence'),
    )
    const end = await forceEndRun(engine.db, { sessionId, runId, status: 'cancelled' })
    if (end.outcome !== 'ended') throw new Error(end.outcome)
    expect(typesOf(end.events)).toEqual(['item.completed', 'run.cancelled'])
    const rows = await listItems(engine.db, sessionId, null, PAGE)
    expect(rows).toMatchObject([
      { kind: 'input' },
      whole,
      { id: open.id, status: 'incomplete', data: { content: 'half a sentence' } },
    ])
    expect(end.events[0]).toMatchObject({ data: { item: rows[2] } })
    expect((await engine.run(runId)).attempts).toMatchObject([{ outcome: 'cancelled' }])
    await expectSound(engine, sessionId)
  })

  test('of a run that waits for its retry keeps what its last attempt had shown', async () => {
    const claimed = await running()
    const { sessionId, runId } = holdOf(claimed)
    const open = itemOf(claimed, 1, 'streaming')
    await append(engine.db, holdOf(claimed), created(open), grown(open, 'half'))
    await requeue(engine.db, holdOf(claimed), 'failed', 60_000)
    const next = await engine.say(sessionId)
    const end = await forceEndRun(engine.db, { sessionId, runId, status: 'cancelled' })
    expect(end).toMatchObject({ outcome: 'ended', nextRunId: next.runId })
    expect((await engine.run(runId)).attempts).toMatchObject([{ outcome: 'failed' }])
    expect(await listItems(engine.db, sessionId, null, PAGE)).toMatchObject([
      {},
      { status: 'incomplete' },
      { kind: 'input' },
    ])
    await expectSound(engine, sessionId)
  })

  test('of a second attempt leaves out what the first had made', async () => {
    const first = await running()
    const { sessionId, runId } = holdOf(first)
    await append(engine.db, holdOf(first), created(itemOf(first, 1, 'complete', 'step', 'first')))
    await requeue(engine.db, holdOf(first), 'lapsed')
    const second = await engine.take(runId)
    await append(engine.db, holdOf(second), created(itemOf(second, 1, 'streaming', 'step', 'second')))
    await forceEndRun(engine.db, { sessionId, runId, status: 'failed', error: ERROR })
    const rows = await listItems(engine.db, sessionId, null, PAGE)
    expect(rows.map((item) => item.data.content)).toEqual(['hello', 'second'])
    expect(await engine.run(runId)).toMatchObject({
      status: 'failed',
      error: ERROR,
      attempts: [{ outcome: 'lapsed' }, { outcome: 'failed' }],
    })
    await expectSound(engine, sessionId)
  })

  test('is told that the log has moved on since it was read, and leaves nothing behind', async () => {
    const claimed = await running()
    const { sessionId, runId } = holdOf(claimed)
    const live = (await readLiveRun(engine.db, sessionId, runId))!
    await append(engine.db, holdOf(claimed), created(itemOf(claimed, 1, 'complete')))
    const before = await engine.log(sessionId)
    const right = { expectSeq: live.seq }
    const end = {
      sessionId,
      runId,
      right,
      status: 'cancelled' as const,
      items: [],
      events: [],
      attempt: { outcome: 'cancelled' as const },
    }
    expect(await endRun(engine.db, end)).toEqual({ outcome: 'moved' })
    expect(await engine.log(sessionId)).toEqual(before)
    expect(await forceEndRun(engine.db, { sessionId, runId, status: 'cancelled' })).toMatchObject({ outcome: 'ended' })
  })

  test('of a run whose log is long comes through while its worker goes on writing', async () => {
    const claimed = await running()
    const { sessionId, runId } = holdOf(claimed)
    const open = itemOf(claimed, 1, 'streaming')
    await append(engine.db, holdOf(claimed), created(open), ...Array.from({ length: 20_000 }, () => grown(open, 'x')))
    // Far more often than a worker does, and as long as it can.
    const writing = (async () => {
      let written = 0
      while ((await append(engine.db, holdOf(claimed), grown(open, 'y'))).length > 0) {
        written++
        await sleep(10)
      }
      return written
    })()
    const end = await forceEndRun(engine.db, { sessionId, runId, status: 'cancelled' })
    const text = 'x'.repeat(20_000) + 'y'.repeat(await writing)
    expect(end).toMatchObject({
      outcome: 'ended',
      events: [{ data: { item: { status: 'incomplete', data: { content: text } } } }, {}],
    })
  })

  test('of what has ended, or of what is not there, changes nothing', async () => {
    const claimed = await running()
    const { sessionId, runId } = holdOf(claimed)
    await finish(engine.db, claimed)
    const before = await engine.log(sessionId)
    expect(await forceEndRun(engine.db, { sessionId, runId, status: 'cancelled' })).toEqual({
      outcome: 'already_ended',
    })
    expect(await forceEndRun(engine.db, { sessionId, runId: newId('run'), status: 'cancelled' })).toEqual({
      outcome: 'absent',
    })
    expect(await forceEndRun(engine.db, { sessionId: await engine.newSession(), runId, status: 'cancelled' })).toEqual({
      outcome: 'absent',
    })
    expect(await engine.log(sessionId)).toEqual(before)
  })

  test('asked for ten times at once, against the worker’s own end, ends the run once', async () => {
    for (let round = 0; round < 5; round++) {
      const claimed = await running()
      const { sessionId, runId } = holdOf(claimed)
      const cancels = Array.from({ length: 10 }, () =>
        forceEndRun(engine.db, { sessionId, runId, status: 'cancelled' }),
      )
      const ends = await Promise.all([finish(engine.db, claimed), ...cancels])
      expect(ends.filter(({ outcome }) => outcome === 'ended')).toHaveLength(1)
      await expectSound(engine, sessionId)
    }
  })
})
