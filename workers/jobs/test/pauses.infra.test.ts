import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { sayCommitted } from '@shared/broker/sayCommitted'
import type { Run } from '@shared/domain/objects'
import { tunables } from '@shared/domain/tunables'
import { type CallAnswer, resumeRun } from '@shared/store/resumeRun'
import { bare, typesOf } from '../../../shared/store/test/testEngine.ts'
import { eventually } from '../../../test/server/eventually.ts'
import type { AgentCall } from './agentApp.ts'
import { startWorkerProcess } from './startWorkerProcess.ts'
import { POLICY, SECRET, type World, startWorld } from './world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld('postgres')
})
afterEach(() => world.clear())
afterAll(() => world.close())

const CALL = { callId: 'a', name: 'ask', arguments: { q: 1 } }
const message = (content: string) => ({ type: 'message', role: 'assistant', content })

function pause(call: AgentCall, toolCalls: object[] = [CALL]): void {
  call.send('pause', { toolCalls })
  call.response.end()
}

/** Pauses in its first legs, each after something said, and then says the last word. */
const asks = (legs: number) => (call: AgentCall) => {
  const { leg } = call.request.run
  call.text(`leg ${leg}`)
  if (leg < legs) pause(call)
  else call.done()
}

const pausedAt = (runId: string, leg: number): Promise<Run> =>
  eventually(async () => {
    const run = await world.engine.run(runId)
    return run.status === 'paused' && run.leg === leg && run
  })

async function resume(run: Run, results: Record<string, CallAnswer> = { a: { output: 1 } }): Promise<void> {
  const { sessionId, id: runId, pause: waiting } = run
  const outcome = await resumeRun(world.db, { sessionId, runId, pauseId: waiting!.pauseId, results })
  if (outcome.outcome !== 'resumed') throw new Error(`not resumed: ${outcome.outcome}`)
  sayCommitted(world.broker, world.log, outcome.events, [runId])
}

describe('a run that pauses', () => {
  test('goes on with what it had made and was answered, under a key of its leg', async () => {
    const sessionId = await world.engine.newSession()
    await world.startWorker()
    world.app.onCall = asks(2)
    const runId = await world.say(sessionId)
    for (const leg of [0, 1]) await resume(await pausedAt(runId, leg), { a: { output: { leg } } })
    const run = await world.ended(runId)
    expect(run).toMatchObject({ status: 'completed', leg: 2 })
    expect(run.attempts.map(({ attempt, leg, outcome }) => [attempt, leg, outcome])).toEqual([
      [1, 0, 'paused'],
      [2, 1, 'paused'],
      [3, 2, 'completed'],
    ])
    expect(world.app.calls.map(({ headers }) => headers['idempotency-key'])).toEqual(
      [0, 1, 2].map((leg) => `${runId}:${leg}`),
    )
    expect(world.app.calls[2]!.request).toMatchObject({
      run: { id: runId, attempt: 3, leg: 2 },
      items: [],
      input: { content: 'hello' },
      runItems: [message('leg 0'), message('leg 1')],
      toolResults: [{ callId: 'a', output: { leg: 1 } }],
    })
    const { items } = await world.settled(sessionId)
    expect(items.map(({ kind, status, data }) => [kind, status, data['content']])).toEqual([
      ['input', 'complete', 'hello'],
      ['step', 'complete', 'leg 0'],
      ['step', 'complete', 'leg 1'],
      ['output', 'complete', 'leg 2'],
    ])
    world.app.onCall = (call) => call.answer([message('next')])
    await world.ended(await world.say(sessionId, 'again'))
    expect((await world.called(4)).request).toMatchObject({ runItems: [], toolResults: [], items: { length: 4 } })
  })

  test('completes what is open, and applies state and metadata at once', async () => {
    const sessionId = await world.engine.newSession()
    await world.startWorker()
    world.app.onCall = (call) => {
      if (call.request.run.leg > 0) return call.answer([message('end')])
      call.send('state', { state: { asked: true } })
      call.send('metadata', { metadata: { seen: 1 } })
      call.send('usage', { inputTokens: 2, outputTokens: 1 })
      call.send('item.start', { id: 'x', item: { type: 'step', content: 'open' } })
      call.text('also open')
      pause(call)
    }
    const runId = await world.say(sessionId)
    const paused = await pausedAt(runId, 0)
    expect(paused.usage).toEqual({ inputTokens: 2, outputTokens: 1 })
    const { items, log } = await world.settled(sessionId)
    expect(items.map(({ status, data }) => [status, data['content']])).toEqual([
      ['complete', 'hello'],
      ['complete', 'open'],
      ['complete', 'also open'],
    ])
    expect(typesOf(log).slice(-5)).toEqual([
      'item.completed',
      'item.completed',
      'state.updated',
      'session.updated',
      'run.paused',
    ])
    await resume(paused)
    await world.ended(runId)
    const { session } = world.app.calls[1]!.request
    expect(session).toMatchObject({ state: { asked: true }, metadata: { seen: 1 } })
  })

  test.each<[string, object[]]>([
    ['with two calls of one callId', [CALL, CALL]],
    ['with calls over the cap', [{ ...CALL, arguments: 'x'.repeat(tunables.itemBytes) }]],
    ['without a call', []],
    ['with a call that has no name', [{ callId: 'a', arguments: 1 }]],
  ])('%s has failed, and what was open is cut short', async (_what, toolCalls) => {
    const sessionId = await world.engine.newSession()
    await world.startWorker()
    world.app.onCall = (call) => {
      call.text('I was ')
      pause(call, toolCalls)
    }
    const run = await world.ended(await world.say(sessionId))
    expect(run).toMatchObject({ status: 'failed', error: { code: 'invalid_output' }, attempts: { length: 1 } })
    const { items } = await world.settled(sessionId)
    expect(items.map(({ status }) => status)).toEqual(['complete', 'incomplete'])
  })

  test('with an item that its schema refuses has failed, and what was open is cut short', async () => {
    const step = { schema: { type: 'object', required: ['step'] } }
    await world.publish({ runs: [{ type: 'chat', steps: [step], validateSteps: true }] })
    const sessionId = await world.engine.newSession()
    await world.startWorker()
    world.app.onCall = asks(1)
    expect(await world.ended(await world.say(sessionId))).toMatchObject({ error: { code: 'invalid_output' } })
    expect((await world.settled(sessionId)).items.at(-1)!.status).toBe('incomplete')
    await world.publish({})
  })

  test('and fails in a later leg keeps what stood before the pause, and has all its tries again', async () => {
    const sessionId = await world.engine.newSession()
    await world.startWorker()
    const tries = [0, 0]
    world.app.onCall = (call) => {
      const { leg } = call.request.run
      call.text(`leg ${leg} try ${++tries[leg]!}`)
      if (tries[leg]! <= POLICY.retries.max) call.response.destroy()
      else if (leg === 0) pause(call)
      else call.done()
    }
    const runId = await world.say(sessionId)
    await resume(await pausedAt(runId, 0))
    expect(await world.ended(runId)).toMatchObject({ status: 'completed' })
    expect(tries).toEqual([3, 3])
    const { contents } = await world.settled(sessionId)
    expect(contents).toEqual(['hello', 'leg 0 try 3', 'leg 1 try 3'])
    expect(world.app.calls.at(-1)!.request.runItems).toEqual([message('leg 0 try 3')])
  })

  test('and ends badly in a later leg keeps what stood before the pause', async () => {
    const sessionId = await world.engine.newSession()
    await world.startWorker()
    world.app.onCall = (call) => (call.request.run.leg === 0 ? asks(1)(call) : call.status(400))
    const runId = await world.say(sessionId)
    await resume(await pausedAt(runId, 0))
    expect(await world.ended(runId)).toMatchObject({ status: 'failed', error: { code: 'agent_status' } })
    expect((await world.settled(sessionId)).contents).toEqual(['hello', 'leg 0'])
  })

  test('and loses its worker in a later leg keeps what stood before the pause', async () => {
    const sessionId = await world.engine.newSession()
    const victim = await startWorkerProcess(world.databaseUrl, SECRET, world.leases.lease)
    world.app.onCall = (call) => {
      if (call.request.run.attempt !== 2) return asks(1)(call)
      call.text('lost')
    }
    const runId = await world.say(sessionId)
    await resume(await pausedAt(runId, 0))
    await world.shown(sessionId, 'hello', 'leg 0', 'lost')
    await victim.signal('SIGKILL')
    await world.engine.rows('update workers set lapsed_at = clock_timestamp() where lapsed_at is null')
    world.startReconciler()
    await world.startWorker()
    expect(await world.ended(runId)).toMatchObject({
      status: 'completed',
      attempts: [{ outcome: 'paused' }, { outcome: 'lapsed', leg: 1 }, { outcome: 'completed', leg: 1 }],
    })
    expect((await world.settled(sessionId)).contents).toEqual(['hello', 'leg 0', 'leg 1'])
    expect(world.app.calls.at(-1)!.headers['idempotency-key']).toBe(`${runId}:1`)
  })
})

describe('a paused run', () => {
  async function paused() {
    const sessionId = await world.engine.newSession()
    await world.startWorker()
    world.app.onCall = asks(1)
    const runId = await world.say(sessionId)
    await pausedAt(runId, 0)
    const next = await world.say(sessionId, 'next')
    return { sessionId, runId, next }
  }

  test('that nobody answers in time fails, and the next one starts', async () => {
    await world.publish({ policy: { ...POLICY, timeouts: { ...POLICY.timeouts, pauseMs: 1_000 } } })
    const { sessionId, runId, next } = await paused()
    world.startReconciler()
    expect(await world.ended(runId)).toMatchObject({
      status: 'failed',
      error: { code: 'pause_expired' },
      attempts: [{ outcome: 'paused' }],
    })
    await eventually(async () => (await world.engine.run(next)).status === 'paused')
    expect((await world.settled(sessionId)).contents).toEqual(['hello', 'leg 0', 'next', 'leg 0'])
    await world.publish({})
  })

  test('that is resumed just before is left alone', async () => {
    const { runId, next } = await paused()
    await world.engine.rows(`update runs set deadline_at = clock_timestamp() where id = $1`, bare(runId))
    await resume(await world.engine.run(runId))
    world.startReconciler()
    expect(await world.ended(runId)).toMatchObject({ status: 'completed' })
    await eventually(async () => (await world.engine.run(next)).status === 'paused')
  })

  test('that is cancelled lets the next one start, and keeps what it had said', async () => {
    const { sessionId, runId, next } = await paused()
    await world.cancel(sessionId, runId)
    expect(await world.ended(runId)).toMatchObject({ status: 'cancelled', attempts: [{ outcome: 'paused' }] })
    await eventually(async () => (await world.engine.run(next)).status === 'paused')
    expect((await world.settled(sessionId)).contents).toEqual(['hello', 'leg 0', 'next', 'leg 0'])
  })

  test('costs its worker nothing: it may stop and another goes on', async () => {
    const sessionId = await world.engine.newSession()
    const worker = await world.startWorker()
    world.app.onCall = asks(1)
    const run = await pausedAt(await world.say(sessionId), 0)
    expect(worker.running()).toBe(0)
    await worker.drain(0)
    expect(await world.engine.run(run.id)).toEqual(run)
    await world.startWorker()
    await resume(run)
    expect(await world.ended(run.id)).toMatchObject({ status: 'completed' })
  })
})
