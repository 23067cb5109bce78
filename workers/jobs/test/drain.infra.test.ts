import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { bare } from '../../../shared/store/test/testEngine.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { startWorker } from '../worker.ts'
import { deferred } from './fakes.ts'
import { withStatements } from './withStatements.ts'
import { SECRET, type World, startWorld } from './world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld('postgres')
})
afterEach(() => world.clear())
afterAll(() => world.close())

const LONG = 60_000
const charged = async (runId: string) =>
  (await world.engine.rows('select failures, lapses, attempt from runs where id = $1', bare(runId)))[0]

/** A session whose message a worker is answering. */
async function streaming() {
  const worker = await world.startWorker()
  const sessionId = await world.engine.newSession()
  world.app.onCall = (call) => call.text(`attempt ${call.request.run.attempt}`)
  const runId = await world.say(sessionId)
  await world.shown(sessionId, 'hello', 'attempt 1')
  return { worker, sessionId, runId, call: await world.called(1) }
}

describe('a worker that is drained', () => {
  test('gives back what it can’t finish, uncharged, and another one finishes it', async () => {
    const { worker, sessionId, runId, call } = await streaming()
    await world.startWorker()
    await worker.drain(0)
    expect(worker.running()).toBe(0)
    const again = await world.called(2)
    expect(call.broken).toBe(true)
    expect(again.request.run).toMatchObject({ id: runId, attempt: 2 })
    again.text(', the last')
    again.done()
    expect(await world.ended(runId)).toMatchObject({
      status: 'completed',
      attempts: [{ outcome: 'superseded', error: { code: 'worker_stopped' } }, { outcome: 'completed' }],
    })
    expect(await charged(runId)).toEqual({ failures: 0, lapses: 0, attempt: 2 })
    expect((await world.settled(sessionId)).contents).toEqual(['hello', 'attempt 2, the last'])
  })

  test('lets its runs come to their end while there is time', async () => {
    const { worker, sessionId, runId, call } = await streaming()
    const drained = worker.drain(LONG)
    const next = await world.say(sessionId, 'next')
    call.done()
    await drained
    expect(await world.ended(runId)).toMatchObject({ status: 'completed', attempts: [{ outcome: 'completed' }] })
    expect(await world.engine.run(next)).toMatchObject({ status: 'queued', attempts: [] })
    world.app.onCall = (again) => again.answer([{ content: 'ok' }])
    await world.startWorker()
    expect(await world.ended(next)).toMatchObject({ status: 'completed' })
    expect((await world.settled(sessionId)).contents).toEqual(['hello', 'attempt 1', 'next', 'ok'])
  })

  test('takes no more: what comes meanwhile goes to others', async () => {
    const { worker, call } = await streaming()
    const drained = worker.drain(LONG)
    const other = await world.startWorker()
    const sessionId = await world.engine.newSession()
    await world.say(sessionId)
    await world.shown(sessionId, 'hello', 'attempt 1')
    expect(worker.running()).toBe(1)
    expect(other.running()).toBe(1)
    call.done()
    await drained
    const second = await world.called(2)
    second.done()
  })

  test('may be drained while it has nothing to do', async () => {
    const worker = await world.startWorker()
    await worker.drain(LONG)
  })

  test('gives back also what a claim under way brings', async () => {
    const answered = deferred()
    let claiming = false
    const db = withStatements(world.db, async (name, send) => {
      const result = await send()
      if (name.startsWith('claim_runs')) {
        claiming = true
        await answered.promise
      }
      return result
    })
    const sessionId = await world.engine.newSession()
    world.app.onCall = (call) => (call.request.run.attempt === 1 ? undefined : call.answer([{ content: 'fine' }]))
    const { runId } = await world.accept(sessionId)
    const worker = await startWorker({ ...world, db, concurrency: 4, secret: SECRET })
    await eventually(() => claiming)
    const drained = worker.drain(1)
    answered.resolve()
    await drained
    expect(await charged(runId)).toMatchObject({ failures: 0, lapses: 0, attempt: 1 })
    expect(await world.engine.run(runId)).toMatchObject({ status: 'queued', attempts: [{ outcome: 'superseded' }] })
    await world.startWorker()
    expect(await world.ended(runId)).toMatchObject({ status: 'completed' })
    await world.settled(sessionId)
  })
})
