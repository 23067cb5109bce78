import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { QueryResult } from 'pg'
import { isTerminal } from '@shared/domain/events'
import { bare } from '../../../shared/store/test/testEngine.ts'
import type { Worker } from '../worker.ts'
import { startWorker } from '../worker.ts'
import type { AgentApp, AgentCall } from './agentApp.ts'
import { breakOff, withStatements } from './withStatements.ts'
import { POLICY, SECRET, type World, startWorld } from './world.ts'

let world: World
let worker: Worker
beforeAll(async () => {
  world = await startWorld('postgres')
  // no retries: what Postgres does is not charged against a run
  await world.publish({ policy: { ...POLICY, retries: { ...POLICY.retries, max: 0 } } })
})
afterEach(async () => {
  await worker.drain(0)
  await world.clear()
})
afterAll(() => world.close())

const charged = async (runId: string) =>
  (await world.engine.rows('select failures, lapses from runs where id = $1', bare(runId)))[0]

function answerSlowly(call: AgentCall): void {
  call.text(`${String(call.request.input['content'])} `)
  setTimeout(() => {
    call.text('answered')
    call.done()
  }, 70)
}

/** A worker of which one statement breaks off, and two messages in one session. */
async function twoMessages(broken: ReturnType<typeof breakOff>, onCall: AgentApp['onCall'] = answerSlowly) {
  const db = withStatements(world.db, broken)
  worker = await startWorker({ ...world, db, concurrency: 4, secret: SECRET })
  world.app.onCall = onCall
  const sessionId = await world.engine.newSession()
  const runs = [await world.say(sessionId, 'one'), await world.say(sessionId, 'two')]
  return { sessionId, runs }
}

describe('a connection that breaks', () => {
  // nothing but the worker itself helps here: there is no reconciler
  test.each<[string, string, 'committed' | 'before', number]>([
    ['before the append', 'append_events', 'before', 1],
    ['after the append was committed', 'append_events', 'committed', 1],
    ['while the agent’s version is read', 'find_version_by_id', 'before', 2],
    ['while the signing key is read', 'find_organization', 'before', 1],
    ['before the end, again and again', 'end_run', 'before', 3],
    ['after the end was committed', 'end_run', 'committed', 1],
    ['before the claim', 'claim_runs', 'before', 1],
    ['after the claim was committed', 'claim_runs', 'committed', 1],
  ])('%s: both runs end well, once, and nothing is charged', async (_when, prefix, when, times) => {
    const broken = breakOff(prefix, when, times)
    const { sessionId, runs } = await twoMessages(broken)
    for (const runId of runs) {
      expect(await world.ended(runId)).toMatchObject({ status: 'completed' })
      expect(await charged(runId)).toEqual({ failures: 0, lapses: 0 })
    }
    expect(broken.left()).toBe(0)
    const { log, contents } = await world.settled(sessionId)
    expect(log.filter(isTerminal)).toHaveLength(2)
    expect(contents).toEqual(['one', 'one answered', 'two', 'two answered'])
    world.faults.splice(0)
  })
})

test('a connection that breaks while a history too large for the claim is read costs nothing', async () => {
  const broken = breakOff('read_history', 'before', 3)
  const large = randomBytes(3_000).toString('base64')
  const { sessionId, runs } = await twoMessages(broken, (call) => call.answer([{ content: large }]))
  for (const runId of runs) {
    expect(await world.ended(runId)).toMatchObject({ status: 'completed' })
    expect(await charged(runId)).toEqual({ failures: 0, lapses: 0 })
  }
  expect(broken.left()).toBe(0)
  expect((await world.settled(sessionId)).contents).toEqual(['one', large, 'two', large])
  world.faults.splice(0)
})

test('a retry whose answer is lost is made once', async () => {
  await world.publish({})
  const { sessionId, runs } = await twoMessages(breakOff('requeue_run', 'committed'), (call) =>
    call.request.run.attempt === 1
      ? call.status(500)
      : call.answer([{ content: `attempt ${call.request.run.attempt}` }]),
  )
  for (const runId of runs) await world.ended(runId)
  expect((await world.settled(sessionId)).contents).toEqual(['one', 'attempt 2', 'two', 'attempt 2'])
})

test('a run that can’t be given back while Postgres is away is given back when it answers again', async () => {
  await world.publish({ policy: { ...POLICY, retries: { ...POLICY.retries, max: 0 } } })
  const append = breakOff('append_events', 'committed')
  const requeue = breakOff('requeue_run', 'before', 4)
  const both = Object.assign<typeof append, object>(
    Object.assign((name: string, send: Parameters<typeof append>[1]) => append(name, () => requeue(name, send)), {
      left: () => append.left() + requeue.left(),
    }),
    {},
  )
  const { sessionId, runs } = await twoMessages(both)
  for (const runId of runs) expect(await world.ended(runId)).toMatchObject({ status: 'completed' })
  expect(both.left()).toBe(0)
  expect((await world.settled(sessionId)).contents).toEqual(['one', 'one answered', 'two', 'two answered'])
  world.faults.splice(0)
})

test('a fault of ours while events are appended is charged: it is tried again as often as the policy says, and not for ever', async () => {
  await world.publish({ policy: { ...POLICY, retries: { ...POLICY.retries, max: 1 } } })
  const faulty = (name: string, send: () => Promise<QueryResult>) =>
    name === 'append_events_v1' ? Promise.reject(new TypeError('x is not a function')) : send()
  worker = await startWorker({ ...world, db: withStatements(world.db, faulty), concurrency: 4, secret: SECRET })
  world.app.onCall = (call) => call.text('hello')
  const sessionId = await world.engine.newSession()
  const run = await world.ended(await world.say(sessionId))
  expect(run).toMatchObject({ status: 'failed', error: { code: 'internal' } })
  expect(run.attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'failed'])
  await world.settled(sessionId)
  expect(world.faults.splice(0).join()).toMatch(/x is not a function/)
})
