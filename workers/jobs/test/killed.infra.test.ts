import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { isTerminal } from '@shared/domain/events'
import { eventually } from '../../../test/server/eventually.ts'
import type { AgentCall } from './agentApp.ts'
import { type WorkerProcess, startWorkerProcess } from './startWorkerProcess.ts'
import { SECRET, type World, startWorld } from './world.ts'

/** No test waits for its end (endLeases), so it is long: a busy machine must not take those who live for dead. */
const LEASE = 20_000

let world: World
let victim: WorkerProcess
beforeAll(async () => {
  world = await startWorld('postgres', LEASE)
})
afterEach(async () => {
  // Of a test that failed: it would take the runs of the next one.
  await victim.signal('SIGKILL')
  await world.clear()
})
afterAll(() => world.close())

/** Its lease is over: what others would find some seconds after its death. */
const endLeases = () => world.engine.rows(`update workers set lapsed_at = clock_timestamp() where lapsed_at is null`)
const begin = (call: AgentCall) => {
  call.send('item', { item: { content: `thought ${call.request.run.attempt}` } })
  call.text(`attempt ${call.request.run.attempt}`)
}
/** The victim answers a message; a second one waits in the same session. */
async function answering(onCall: (call: AgentCall) => unknown) {
  victim = await startWorkerProcess(world.databaseUrl, SECRET, LEASE)
  const sessionId = await world.engine.newSession()
  world.app.onCall = onCall
  const runs = [await world.say(sessionId, 'one'), await world.say(sessionId, 'two')]
  return { sessionId, runs }
}

describe('a worker process that is killed', () => {
  test.each<[string, (sessionId: string) => Promise<unknown>, (call: AgentCall) => unknown]>([
    ['after its claim', (sessionId) => world.logged(sessionId, 'run.started'), () => undefined],
    ['while the agent app thinks', () => world.called(1), () => undefined],
    ['in the middle of a stream', (sessionId) => world.shown(sessionId, 'one', 'thought 1', 'attempt 1', 'two'), begin],
    [
      'when the agent app has just said done',
      () => eventually(() => world.app.calls[0]?.response.writableFinished),
      (call) => (begin(call), call.done()),
    ],
  ])('%s: another one finishes, once, and what the dead one had begun is gone', async (_when, moment, onCall) => {
    const { sessionId, runs } = await answering(onCall)
    await moment(sessionId)
    await victim.signal('SIGKILL')
    world.app.onCall = (call) => (begin(call), call.done())
    await endLeases()
    await world.startWorker()
    world.startReconciler()
    for (const runId of runs) expect(await world.ended(runId)).toMatchObject({ status: 'completed' })
    const { items, log, contents } = await world.settled(sessionId)
    expect(log.filter(isTerminal)).toHaveLength(2)
    // the dead one may have come to its end before it was killed
    const attempt = (await world.ended(runs[0]!)).attempts.length
    expect(attempt).toBeLessThanOrEqual(2)
    expect(contents).toEqual([
      ...['one', `thought ${attempt}`, `attempt ${attempt}`],
      ...['two', 'thought 1', 'attempt 1'],
    ])
    expect(new Set(items.map(({ id }) => id)).size).toBe(items.length)
  })
})

test('a worker process that is stopped and comes back when its runs are another’s changes nothing, and goes on', async () => {
  const { sessionId, runs } = await answering(begin)
  await world.shown(sessionId, 'one', 'thought 1', 'attempt 1', 'two')
  await victim.signal('SIGSTOP')
  await endLeases()
  const other = await world.startWorker()
  world.startReconciler()
  const [late, again] = [await world.called(1), await world.called(2)]
  await world.shown(sessionId, 'one', 'thought 2', 'attempt 2', 'two')
  late.text(' is late')
  late.done()
  await victim.signal('SIGCONT')
  await eventually(() => victim.faults.join().includes('was taken for dead'))
  again.text(' is in time')
  world.app.onCall = (call) => call.answer([{ content: 'next' }])
  again.done()
  for (const runId of runs) await world.ended(runId)
  expect((await world.settled(sessionId)).contents).toEqual([
    ...['one', 'thought 2', 'attempt 2 is in time'],
    ...['two', 'next'],
  ])
  // it has a new id, and is as good as new
  await other.drain(0)
  expect(await world.ended(await world.say(sessionId, 'three'))).toMatchObject({ status: 'completed' })
  expect(await victim.stop()).toBe(0)
  await world.settled(sessionId)
})

test('a worker process that is asked to stop ends by itself: nothing keeps it alive', async () => {
  const { sessionId, runs } = await answering(begin)
  await world.shown(sessionId, 'one', 'thought 1', 'attempt 1', 'two')
  expect(await victim.stop()).toBe(0)
  expect(victim.faults).toEqual([])
  world.app.onCall = (call) => (begin(call), call.done())
  await world.startWorker()
  for (const runId of runs) await world.ended(runId)
  expect((await world.ended(runs[0]!)).attempts).toMatchObject([{ outcome: 'superseded' }, { outcome: 'completed' }])
  await world.settled(sessionId)
})
