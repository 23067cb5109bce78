import { Registry } from 'prom-client'
import { type TestEngine, startTestEngine } from '../../shared/store/test/testEngine.ts'
import { createPool } from '@shared/store/pool'
import { gaugeQueue } from '../queueGauges.ts'

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.close())

async function gauged(registry: Registry): Promise<Record<string, number>> {
  const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('agentview_'))
  return Object.fromEntries(lines.map((line) => [line.split(' ')[0]!, Number(line.split(' ')[1])]))
}

test('the runs that wait for a worker are counted, with how long the first has waited', async () => {
  const registry = new Registry()
  gaugeQueue(registry, engine.db)
  expect(await gauged(registry)).toEqual({ agentview_runs_ready: 0, agentview_runs_ready_wait_seconds: 0 })

  const runs = await Promise.all([1, 2, 3].map(async () => engine.say(await engine.newSession())))
  // A second one of a session waits for the first, not for a worker.
  await engine.say(runs[0]!.events[0]!.sessionId)
  const waiting = await gauged(registry)
  expect(waiting['agentview_runs_ready']).toBe(3)
  expect(waiting['agentview_runs_ready_wait_seconds']).toBeGreaterThan(0)

  for (const { runId } of runs) await engine.take(runId)
  expect(await gauged(registry)).toEqual({ agentview_runs_ready: 0, agentview_runs_ready_wait_seconds: 0 })
})

test('a Postgres that does not answer leaves them out', async () => {
  const registry = new Registry()
  const url = 'postgres://nobody:x@127.0.0.1:9/none'
  const db = createPool({ url, name: 'gauges', max: 1, onError: () => undefined })
  gaugeQueue(registry, db)
  expect(await gauged(registry)).toEqual({})
  await db.end()
})
