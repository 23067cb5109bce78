import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import type { JsonObject } from '@shared/domain/json'
import { tunables } from '@shared/domain/tunables'
import { readSnapshot } from '@shared/store/readSnapshot'
import { signatureHeaders } from '@workers/webhooks/signatureHeaders'
import { bare, typesOf } from '../../../shared/store/test/testEngine.ts'
import { setDate, trueNow } from '../../../test/server/setDate.ts'
import { POLICY, SIGNING_KEY, type World, startWorld } from './world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld('postgres')
})
afterEach(() => world.clear())
afterAll(() => world.close())

const HOUR = 3_600_000

const message = (content: string) => ({ type: 'message', role: 'assistant', content })

describe('a message', () => {
  test('comes to its end: what the agent app streams is shown, and stays', async () => {
    const sessionId = await world.engine.newSession()
    await world.startWorker()
    world.app.onCall = (call) => call.text('Hel')
    const runId = await world.say(sessionId)
    await world.shown(sessionId, 'hello', 'Hel')
    const call = await world.called(1)
    call.text('lo ')
    call.text('you')
    call.done()
    expect(await world.ended(runId)).toMatchObject({ status: 'completed', attempts: [{ outcome: 'completed' }] })
    const { items, log } = await world.settled(sessionId)
    expect(items).toMatchObject([
      { kind: 'input', data: { content: 'hello' } },
      { kind: 'output', status: 'complete', data: message('Hello you') },
    ])
    expect(typesOf(log).filter((type) => type !== 'item.delta')).toEqual([
      'session.created',
      'item.created',
      'run.queued',
      'run.started',
      'item.created',
      'item.completed',
      'run.completed',
    ])
  })

  test('is signed, tried again and dated by Postgres’ clock when the worker’s own is wrong', async () => {
    const sessionId = await world.engine.newSession()
    await world.startWorker()
    world.app.onCall = (call) =>
      call.request.run.attempt === 1
        ? call.status(503, 'busy', { 'retry-after': new Date(trueNow()).toUTCString() })
        : call.answer([message('well')])
    setDate(trueNow() - HOUR)
    try {
      const run = await world.ended(await world.say(sessionId))
      const times = run.attempts.flatMap(({ timing }) => [
        timing.claimedAt,
        timing.firstByteAt ?? '',
        timing.endedAt ?? '',
      ])
      expect(times.map(Date.parse)).toEqual(times.map(Date.parse).toSorted((a, b) => a - b))
      for (const { headers } of world.app.calls)
        expect(Math.abs(Number(headers['webhook-timestamp']) * 1_000 - trueNow())).toBeLessThan(HOUR / 2)
      const { items } = await world.settled(sessionId)
      const created = items.map(({ createdAt }) => Date.parse(createdAt))
      expect(created).toEqual(created.toSorted((a, b) => a - b))
    } finally {
      jest.useRealTimers()
    }
  })

  test('is answered in one piece just as well: all items, the last one is the output', async () => {
    const sessionId = await world.engine.newSession()
    await world.startWorker()
    world.app.onCall = (call) => call.answer([{ type: 'thought' }, message('one'), message('two')])
    await world.ended(await world.say(sessionId))
    const { items } = await world.settled(sessionId)
    expect(items.map(({ kind, data }) => [kind, data['content'] ?? data['type']])).toEqual([
      ['input', 'hello'],
      ['step', 'thought'],
      ['step', 'one'],
      ['output', 'two'],
    ])
  })

  test('before any worker was there is found by the first', async () => {
    const sessionId = await world.engine.newSession()
    const { runId } = await world.accept(sessionId)
    await world.startWorker()
    expect(await world.ended(runId)).toMatchObject({ status: 'completed' })
  })
})

describe('what the agent app is sent', () => {
  test('is the message, what it is about, and signed', async () => {
    const sessionId = await world.engine.newSession()
    await world.startWorker()
    const runId = await world.say(sessionId, 'hi', { metadata: { locale: 'de' } })
    const call = await world.called(1)
    expect(call.request).toMatchObject({
      run: { id: runId, attempt: 1, leg: 0, type: 'chat', metadata: { locale: 'de' } },
      session: { id: sessionId, agent: 'eliza', state: null, metadata: {} },
      items: [],
      input: { content: 'hi' },
      inputs: [{ content: 'hi' }],
      runItems: [],
    })
    expect(call.headers).toMatchObject({
      'agentview-run-id': runId,
      'agentview-attempt': '1',
      'idempotency-key': `${runId}:0`,
      traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
    })
    const signed = new Date(Number(call.headers['webhook-timestamp']) * 1_000)
    const id = String(call.headers['webhook-id'])
    expect(call.headers).toMatchObject(signatureHeaders([SIGNING_KEY], id, call.body, signed))
    await world.ended(runId)
  })

  test('holds the history that was not cut away, and says which items were cut short', async () => {
    const sessionId = await world.engine.newSession()
    await world.startWorker()
    await world.publish({ policy: { ...POLICY, history: { maxItems: 4, maxBytes: 100_000 } } })
    await world.ended(await world.say(sessionId, 'one'))
    world.app.onCall = (call) => {
      call.send('item', { item: { type: 'thought' } })
      call.text('half an answ')
      call.send('error', { message: 'no' })
    }
    await world.ended(await world.say(sessionId, 'two'))
    world.app.onCall = (call) => call.answer([message('fine')])
    await world.ended(await world.say(sessionId, 'three'))
    const third = (await world.called(3)).request
    expect(third.items).toMatchObject([{ content: 'two' }, { type: 'thought' }, { content: 'half an answ' }])
    expect(third).toMatchObject({ incompleteItems: [2], historyTruncated: true, input: { content: 'three' } })
  })
})

describe('state, metadata and usage of the agent app', () => {
  test('are the session’s at the end, and not before', async () => {
    const sessionId = await world.engine.newSession()
    await world.startWorker()
    world.app.onCall = (call) => {
      call.send('version', { version: '1.2.3' })
      call.send('state', { state: { step: 1 } })
      call.send('metadata', { metadata: { plan: 'pro' } })
      call.send('usage', { inputTokens: 3, outputTokens: 5 })
      call.text('Hel')
    }
    const runId = await world.say(sessionId)
    await world.shown(sessionId, 'hello', 'Hel')
    const state = async () => {
      const session = (await readSnapshot(world.engine.db, sessionId))!.session
      return { state: session.state, metadata: session.metadata }
    }
    expect(await state()).toEqual({ state: null, metadata: {} })
    const call = await world.called(1)
    call.done()
    expect(await world.ended(runId)).toMatchObject({
      usage: { inputTokens: 3, outputTokens: 5 },
      attempts: [{ reportedVersion: '1.2.3' }],
    })
    expect(await state()).toEqual({ state: { step: 1 }, metadata: { plan: 'pro' } })
    const { log } = await world.settled(sessionId)
    expect(typesOf(log).slice(-4)).toEqual(['item.completed', 'state.updated', 'session.updated', 'run.completed'])
    world.app.onCall = (call) => call.answer([message('ok')])
    await world.ended(await world.say(sessionId))
    expect((await world.called(2)).request.session).toMatchObject({ state: { step: 1 }, metadata: { plan: 'pro' } })
  })

  test('are nothing when the run fails', async () => {
    const sessionId = await world.engine.newSession()
    await world.startWorker()
    world.app.onCall = (call) => {
      call.send('state', { state: { step: 1 } })
      call.send('metadata', { metadata: { plan: 'pro' } })
      call.send('error', { message: 'no' })
    }
    await world.ended(await world.say(sessionId))
    world.app.onCall = (call) => call.answer([message('ok')])
    await world.ended(await world.say(sessionId))
    expect((await world.called(2)).request.session).toMatchObject({ state: null, metadata: {} })
    await world.settled(sessionId)
  })

  test('are nothing when the metadata does not fit the agent’s definition or grows too large; a null takes a key away', async () => {
    await world.publish({ metadata: { mood: { enum: ['good', 'bad'] }, notes: {} }, allowUnknownMetadata: false })
    const sessionId = await world.engine.newSession()
    await world.startWorker()
    const metadata = async () => (await readSnapshot(world.engine.db, sessionId))!.session.metadata
    const answer = async (metadata: JsonObject) => {
      world.app.onCall = (call) => call.answer([message('ok')], { state: metadata, metadata })
      return world.ended(await world.say(sessionId))
    }
    const notes = 'x'.repeat(tunables.metadataBytes - '{"notes":"","mood":null}'.length)
    expect(await answer({ notes, mood: null })).toMatchObject({ status: 'completed' })
    expect(await answer({ mood: 'good' })).toMatchObject({ status: 'failed', error: { code: 'invalid_output' } })
    expect(await metadata()).toEqual({ notes })
    expect(await answer({ mood: 'good', notes: null })).toMatchObject({ status: 'completed' })
    expect(await answer({ mood: 'so so' })).toMatchObject({
      status: 'failed',
      error: { code: 'invalid_output', details: [{ path: '/metadata/mood' }] },
    })
    expect(await answer({ place: 'here' })).toMatchObject({ error: { details: [{ path: '/metadata/place' }] } })
    expect(await metadata()).toEqual({ mood: 'good' })
    expect((await readSnapshot(world.engine.db, sessionId))!.session.state).toEqual({ mood: 'good', notes: null })
    await world.settled(sessionId)
  })
})

describe('the record of an attempt', () => {
  test('holds when what happened, the request’s hash and the answer', async () => {
    const sessionId = await world.engine.newSession()
    await world.startWorker()
    const runId = await world.say(sessionId)
    const run = await world.ended(runId)
    const { body } = await world.called(1)
    const [attempt] = run.attempts
    expect(attempt).toMatchObject({
      attempt: 1,
      leg: 0,
      outcome: 'completed',
      request: { bytes: Buffer.byteLength(body), sha256: createHash('sha256').update(body).digest('hex') },
      response: { status: 200, truncated: false },
    })
    const { acceptedAt, queuedAt, claimedAt, firstByteAt, firstDeltaAt, endedAt } = attempt!.timing
    expect(acceptedAt <= queuedAt && queuedAt <= claimedAt && firstByteAt! <= firstDeltaAt!).toBe(true)
    expect(endedAt).toBe(run.endedAt)
    expect(await storedResponse(runId)).toBe('{"items":[{"type":"message","role":"assistant","content":"hello"}]}')
  })

  test('holds the beginning of a long answer', async () => {
    const sessionId = await world.engine.newSession()
    await world.startWorker()
    world.app.onCall = (call) => call.answer([message('x'.repeat(200_000))])
    const runId = await world.say(sessionId)
    const run = await world.ended(runId)
    expect(run.attempts[0]!.response).toMatchObject({ status: 200, truncated: true })
    expect(run.attempts[0]!.response!.bytes).toBeGreaterThan(200_000)
    expect(await storedResponse(runId)).toHaveLength(65_536)
  })
})

async function storedResponse(runId: string): Promise<string> {
  const [row] = await world.engine.rows<{ body: Buffer }>(
    'select response_body as body from attempts where run_id = $1',
    bare(runId),
  )
  return row!.body.toString()
}
