import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { runTokens } from '@shared/intake/runTokens'
import { requeueRun } from '@shared/store/runTransitions'
import { bare } from '../../../shared/store/test/testEngine.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { startWorkerProcess } from './startWorkerProcess.ts'
import { SECRET, type World, startWorld } from './world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld('postgres')
})
afterEach(() => world.clear())
afterAll(() => world.close())

/** A run whose agent app has answered 202 to the workers that are there, after an attempt that had said something. */
async function handedOver() {
  const sessionId = await world.engine.newSession()
  world.app.onCall = (call) => {
    if (call.request.run.attempt > 1) return call.status(202)
    call.text('lost')
    call.response.destroy()
  }
  const runId = await world.say(sessionId)
  await eventually(async () => {
    const [row] = await world.engine.rows<{ owner: string }>('select owner from runs where id = $1', bare(runId))
    return row!.owner === 'external'
  })
  return { sessionId, runId }
}

describe('a run whose agent app answers 202', () => {
  test('leaves its worker, with a token of its epoch', async () => {
    const worker = await world.startWorker()
    const { runId, sessionId } = await handedOver()
    const claims = runTokens(SECRET).verify(String(world.app.calls[1]!.headers['agentview-run-token']))
    const [row] = await world.engine.rows<{ epoch: number; worker_id: string | null }>(
      'select epoch, worker_id from runs where id = $1',
      bare(runId),
    )
    expect(claims).toMatchObject({ runId, sessionId, epoch: row!.epoch })
    expect(row!.worker_id).toBeNull()
    await eventually(() => worker.running() === 0)
    await worker.drain(0)
    expect(await world.engine.run(runId)).toMatchObject({ status: 'running', attempts: [{}, { outcome: 'running' }] })
    expect((await world.settled(sessionId)).contents).toEqual(['hello'])
    await world.cancel(sessionId, runId)
  })

  test('is not taken back by a worker that did not hear that it was handed over', async () => {
    await world.startWorker()
    const { runId, sessionId } = await handedOver()
    const { epoch } = runTokens(SECRET).verify(String(world.app.calls[1]!.headers['agentview-run-token']))
    const error = { code: 'worker_stopped', message: 'x' }
    const hold = { sessionId, runId, epoch, delayMs: 0, error }
    for (const reason of ['drained', 'failed', 'lapsed'] as const) {
      const attempt = { outcome: 'superseded' as const, error }
      expect(await requeueRun(world.db, { ...hold, reason, attempt })).toBeNull()
    }
    expect((await world.engine.run(runId)).status).toBe('running')
    await world.cancel(sessionId, runId)
  })

  test('is silent for too long: it fails, and the next one starts', async () => {
    await world.startWorker()
    const { runId, sessionId } = await handedOver()
    world.app.onCall = (call) => call.answer([{ content: 'next' }])
    const next = await world.say(sessionId, 'two')
    await world.engine.rows(`update runs set deadline_at = clock_timestamp() where id = $1`, bare(runId))
    world.startReconciler()
    expect(await world.ended(runId)).toMatchObject({ status: 'failed', error: { code: 'idle_timeout' } })
    await world.ended(next)
    expect((await world.settled(sessionId)).contents).toEqual(['hello', 'two', 'next'])
    expect(world.app.calls).toHaveLength(3)
  })

  test('survives the loss of all workers', async () => {
    const victim = await startWorkerProcess(world.databaseUrl, SECRET, world.leases.lease)
    const { runId, sessionId } = await handedOver()
    await victim.signal('SIGKILL')
    await world.engine.rows('update workers set lapsed_at = clock_timestamp() where lapsed_at is null')
    world.startReconciler()
    await world.startWorker()
    const other = await world.engine.newSession()
    world.app.onCall = (call) => call.answer([{ content: 'ok' }])
    await world.ended(await world.say(other))
    expect((await world.engine.run(runId)).status).toBe('running')
    await world.cancel(sessionId, runId)
  })
})

test('a message that interrupts hangs up on the agent app', async () => {
  const sessionId = await world.engine.newSession()
  await world.startWorker()
  world.app.onCall = (call) => call.text('I was ')
  const first = await world.say(sessionId)
  await world.shown(sessionId, 'hello', 'I was ')
  world.app.onCall = (call) => call.answer([{ content: 'ok' }])
  const accepted = await world.accept(sessionId, 'stop', { onBusy: 'interrupt' })
  expect(accepted.cancelled).toEqual([first])
  await Promise.allSettled([world.broker.publishAborts(accepted.cancelled), world.broker.ring([accepted.runId])])
  await eventually(() => world.app.calls[0]!.broken)
  await world.ended(accepted.runId)
  const { items } = await world.settled(sessionId)
  expect(items.map(({ status, data }) => [status, data['content']])).toEqual([
    ['complete', 'hello'],
    ['incomplete', 'I was '],
    ['complete', 'stop'],
    ['complete', 'ok'],
  ])
})
