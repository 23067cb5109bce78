import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { bare } from '../../../shared/store/test/testEngine.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { takeOverLapsed } from '../chores/lostWorkers.ts'
import { startWorker } from '../worker.ts'
import { brokenOff, withStatements } from './withStatements.ts'
import { SECRET, SHORT_LEASE, type World, startWorld } from './world.ts'

let world: World

/** `lease`: short where its end is waited for. A machine that is busy for longer takes it from every worker. */
function inWorld(lease?: number): void {
  beforeAll(async () => {
    world = await startWorld('postgres', lease)
  })
  afterEach(() => world.clear())
  afterAll(() => world.close())
}

const workers = () =>
  world.engine.rows<{ id: string; lapsed: boolean }>(
    'select id, lapsed_at is not null as lapsed from workers order by started_at, id',
  )
const workerOf = async (runId: string) =>
  (await world.engine.rows<{ worker_id: string }>('select worker_id from runs where id = $1', bare(runId)))[0]!
    .worker_id

/** A session whose message a worker is answering. */
async function streaming() {
  const worker = await world.startWorker()
  const sessionId = await world.engine.newSession()
  world.app.onCall = (call) => call.text(`attempt ${call.request.run.attempt}`)
  const runId = await world.say(sessionId)
  await world.shown(sessionId, 'hello', 'attempt 1')
  return { worker, sessionId, runId, call: await world.called(1) }
}

describe('a worker that was taken for dead', () => {
  inWorld()

  test('writes nothing more: another one’s attempt is what stays', async () => {
    const { sessionId, runId, call } = await streaming()
    await takeOverLapsed(world, 'all')
    await world.startWorker()
    const again = await world.called(2)
    await world.shown(sessionId, 'hello', 'attempt 2')
    call.text(' is late')
    call.done()
    again.text(' is in time')
    // the late one has had its answer refused before the other one ends
    await eventually(() => world.app.open() === 1)
    await world.shown(sessionId, 'hello', 'attempt 2 is in time')
    again.done()
    expect(await world.ended(runId)).toMatchObject({
      status: 'completed',
      attempts: [{ outcome: 'lapsed', error: { code: 'worker_lost' } }, { outcome: 'completed' }],
    })
    expect((await world.settled(sessionId)).contents).toEqual(['hello', 'attempt 2 is in time'])
    expect(world.faults.splice(0).join()).not.toMatch(/could not/)
  })

  test('writes no end either, whatever its agent app says', async () => {
    const { sessionId, runId, call } = await streaming()
    await takeOverLapsed(world, 'all')
    await world.startWorker()
    const again = await world.called(2)
    call.send('state', { state: 'late' })
    call.done()
    await eventually(() => world.app.open() === 1)
    again.done()
    await world.ended(runId)
    const { log, contents } = await world.settled(sessionId)
    expect(contents).toEqual(['hello', 'attempt 2'])
    expect(log.filter(({ type }) => type === 'state.updated')).toEqual([])
    world.faults.splice(0)
  })

  test('hears of it, lets go of its runs, and goes on under a new id', async () => {
    const { worker, sessionId, runId, call } = await streaming()
    const before = await workerOf(runId)
    await world.engine.rows('update workers set lapsed_at = clock_timestamp()')
    // it looks at once when something is said of one of its runs, else at its next heartbeat
    await world.broker.publishAborts([runId])
    await eventually(() => call.broken)
    await eventually(async () => (await workers()).some(({ lapsed }) => !lapsed))
    expect(worker.running()).toBe(0)
    world.app.onCall = (again) => again.answer([{ content: 'fine' }])
    await takeOverLapsed(world, 'expired')
    expect(await world.ended(runId)).toMatchObject({ status: 'completed', attempts: [{ outcome: 'lapsed' }, {}] })
    const next = await world.say(sessionId, 'next')
    expect(await world.ended(next)).toMatchObject({ status: 'completed' })
    const [attempt] = await world.engine.rows<{ worker_id: string }>(
      'select worker_id from attempts where run_id = $1',
      bare(next),
    )
    expect(attempt!.worker_id).not.toBe(before)
    expect((await world.settled(sessionId)).contents).toEqual(['hello', 'fine', 'next', 'fine'])
    expect(world.faults.splice(0).join()).toMatch(/was taken for dead/)
  })

  test('hears of it a second time just as well', async () => {
    const worker = await world.startWorker()
    for (let i = 0; i < 2; i++) {
      await world.engine.rows('update workers set lapsed_at = clock_timestamp()')
      await eventually(async () => (await workers()).some(({ lapsed }) => !lapsed))
    }
    const sessionId = await world.engine.newSession()
    expect(await world.ended(await world.say(sessionId))).toMatchObject({ status: 'completed' })
    expect(worker.running()).toBe(0)
    expect(world.faults.splice(0)).toHaveLength(2)
  })
})

describe('the end of a lease', () => {
  inWorld(SHORT_LEASE)

  test('makes a worker that can’t renew it let go of its runs before, and take them up again later', async () => {
    const away = { heartbeats: false }
    const db = withStatements(world.db, (name, send) =>
      name === 'heartbeat' && away.heartbeats ? brokenOff() : send(),
    )
    const worker = await startWorker({ ...world, db, concurrency: 4, secret: SECRET })
    const sessionId = await world.engine.newSession()
    world.app.onCall = (call) => call.text(`attempt ${call.request.run.attempt}`)
    const runId = await world.say(sessionId)
    await world.shown(sessionId, 'hello', 'attempt 1')
    const call = await world.called(1)
    away.heartbeats = true
    await eventually(() => call.broken)
    away.heartbeats = false
    // it says itself that it has let go: nobody needs to wait for the rest of the lease
    await eventually(async () => (await workers()).filter(({ lapsed }) => !lapsed).length === 1)
    await eventually(async () => (await workers()).some(({ lapsed }) => lapsed))
    await takeOverLapsed(world, 'expired')
    const again = await world.called(2)
    again.done()
    expect(await world.ended(runId)).toMatchObject({ status: 'completed', attempts: [{ outcome: 'lapsed' }, {}] })
    expect((await world.settled(sessionId)).contents).toEqual(['hello', 'attempt 2'])
    await worker.drain(0)
    expect(world.faults.splice(0).join()).toMatch(/could not be renewed/)
  })
})
