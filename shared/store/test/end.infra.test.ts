import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { listItems, readSession } from '../sessions.ts'
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
  ERROR,
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

describe('the end of a run by its worker', () => {
  test('makes rows of its items, writes its events and then the terminal one, and lets go of the session', async () => {
    const claimed = await running()
    const { sessionId, runId } = holdOf(claimed)
    const step = itemOf(claimed, 1, 'complete', 'step', 'thinking')
    const streaming = itemOf(claimed, 2, 'streaming')
    await append(engine.db, holdOf(claimed), created(step), created(streaming), grown(streaming, 'bye'))
    const output = { ...streaming, kind: 'output' as const, status: 'complete' as const, data: { content: 'bye' } }
    const usage = { inputTokens: 3, outputTokens: 5 }
    const end = await finish(engine.db, claimed, { items: [step, output], events: [completed(output)], usage })
    if (end.outcome !== 'ended') throw new Error(end.outcome)
    expect(end.nextRunId).toBeNull()
    expect(typesOf(end.events)).toEqual(['item.completed', 'run.completed'])
    expect((await engine.log(sessionId)).slice(-2)).toEqual(end.events)
    expect(await listItems(engine.db, sessionId, null, PAGE)).toMatchObject([{ kind: 'input' }, step, output])
    const run = await engine.run(runId)
    expect(run).toMatchObject({ status: 'completed', usage, endedAt: expect.any(String) })
    expect(end.events.at(-1)).toMatchObject({ data: { run } })
    await expectSound(engine, sessionId)
  })

  test('keeps how the attempt went', async () => {
    const claimed = await running()
    const at = new Date().toISOString()
    const request = { requestBytes: 10, requestSha256: 'ab' }
    const response = {
      responseStatus: 200,
      responseBytes: 4,
      responseTruncated: true,
      responseBody: Buffer.from('\0\xffab', 'latin1').toString('base64'),
    }
    await finish(engine.db, claimed, {
      attempt: {
        outcome: 'completed',
        reportedVersion: '1.4.0',
        firstByteAt: at,
        firstDeltaAt: at,
        ...request,
        ...response,
      },
    })
    const [attempt] = (await engine.run(claimed.run.id)).attempts
    expect(attempt).toMatchObject({
      attempt: 1,
      leg: 0,
      outcome: 'completed',
      reportedVersion: '1.4.0',
      timing: { firstByteAt: at, firstDeltaAt: at },
    })
    expect(attempt).toMatchObject({
      request: { bytes: 10, sha256: 'ab' },
      response: { status: 200, bytes: 4, truncated: true },
    })
    const [row] = await engine.rows<{ response_body: Buffer }>(
      'select response_body from attempts where run_id = $1',
      bare(claimed.run.id),
    )
    expect(row!.response_body.toString('latin1')).toBe('\0\xffab')
  })

  test('sets the session’s state, also to null; without one the state stays', async () => {
    const claimed = await running()
    await finish(engine.db, claimed, { state: { step: 2 } })
    const { sessionId } = holdOf(claimed)
    expect(await readSession(engine.db, sessionId)).toMatchObject({ state: { step: 2 } })
    await finish(engine.db, await engine.take((await engine.say(sessionId)).runId))
    expect(await readSession(engine.db, sessionId)).toMatchObject({ state: { step: 2 } })
    await finish(engine.db, await engine.take((await engine.say(sessionId)).runId), { state: null })
    expect(await readSession(engine.db, sessionId)).toMatchObject({ state: null })
  })

  test('merges the session’s metadata and says so in the log', async () => {
    const claimed = await running()
    const { sessionId } = holdOf(claimed)
    await finish(engine.db, claimed, { metadata: { a: 1, b: 1 } })
    const second = await engine.take((await engine.say(sessionId)).runId)
    const end = await finish(engine.db, second, { metadata: { b: 2 }, state: 7 })
    if (end.outcome !== 'ended') throw new Error(end.outcome)
    expect(typesOf(end.events).slice(-2)).toEqual(['session.updated', 'run.completed'])
    expect(end.events.at(-2)).toMatchObject({ data: { session: { metadata: { a: 1, b: 2 }, state: 7 } } })
    expect(await readSession(engine.db, sessionId)).toMatchObject({ metadata: { a: 1, b: 2 } })
    const third = await engine.take((await engine.say(sessionId)).runId)
    await finish(engine.db, third, { metadata: { a: null, c: null, d: { e: null } } })
    expect((await readSession(engine.db, sessionId))!.metadata).toEqual({ b: 2, d: { e: null } })
    await expectSound(engine, sessionId)
  })

  test('that failed keeps its error and what it had made', async () => {
    const claimed = await running()
    const item = { ...itemOf(claimed, 1, 'incomplete'), data: { content: 'half' } }
    const error = { ...ERROR, details: [{ path: '/items/0' }] }
    await finish(engine.db, claimed, {
      status: 'failed',
      error,
      items: [item],
      events: [created(item)],
      attempt: { outcome: 'failed', error },
    })
    expect(await engine.run(claimed.run.id)).toMatchObject({
      status: 'failed',
      error,
      attempts: [{ outcome: 'failed', error }],
    })
    expect(await listItems(engine.db, claimed.session.id, null, PAGE)).toMatchObject([
      {},
      { status: 'incomplete', data: { content: 'half' } },
    ])
    await expectSound(engine, claimed.session.id)
  })

  test('returns the next run of the session, to be rung', async () => {
    const claimed = await running()
    const next = await engine.say(claimed.session.id)
    await engine.say(claimed.session.id)
    expect(await finish(engine.db, claimed)).toMatchObject({ outcome: 'ended', nextRunId: next.runId })
    await expectSound(engine, claimed.session.id)
  })

  test('happens once, also when it is asked for twenty times at once', async () => {
    const claimed = await running()
    const ends = await Promise.all(Array.from({ length: 20 }, () => finish(engine.db, claimed)))
    expect(ends.map(({ outcome }) => outcome).toSorted()).toEqual(['ended', ...Array<string>(19).fill('fenced')])
    await expectSound(engine, claimed.session.id)
  })

  test('that Postgres refuses leaves nothing behind', async () => {
    const claimed = await running()
    const before = await engine.log(claimed.session.id)
    const [one, two] = [itemOf(claimed, 1, 'complete'), itemOf(claimed, 1, 'complete')]
    await expect(finish(engine.db, claimed, { items: [one, two] })).rejects.toThrow(
      'items_session_id_run_no_item_no_key',
    )
    expect(await engine.log(claimed.session.id)).toEqual(before)
    expect((await finish(engine.db, claimed)).outcome).toBe('ended')
    await expectSound(engine, claimed.session.id)
  })
})

test('messages that come while a run ends are never forgotten: somebody may always start', async () => {
  for (let round = 0; round < 10; round++) {
    const claimed = await running()
    const { sessionId } = holdOf(claimed)
    const [end, ...says] = await Promise.all([finish(engine.db, claimed), engine.say(sessionId), engine.say(sessionId)])
    if (end.outcome !== 'ended') throw new Error(end.outcome)
    const rung = [end.nextRunId, ...says.map(({ ringAfterMs, runId }) => (ringAfterMs === 0 ? runId : null))].filter(
      (runId) => runId !== null,
    )
    expect(rung).toHaveLength(1)
    await expectSound(engine, sessionId)
  }
})
