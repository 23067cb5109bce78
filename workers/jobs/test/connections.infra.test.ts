import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { setTimeout as sleep } from 'node:timers/promises'
import { isTerminal } from '@shared/domain/events'
import type { AgentCall } from './agentApp.ts'
import { POLICY, type World, startWorld } from './world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld('postgres')
})
afterEach(() => world.clear())
afterAll(() => world.close())

/**
 * Cuts all connections of workers, reconciler and broker, those of the test itself stay. Writers of the log are held up
 * for a moment before, so that there are always some in the middle of it.
 */
async function cutAll(): Promise<void> {
  const client = await world.db.connect()
  try {
    await client.query('begin; lock table session_events, session_deltas in share row exclusive mode')
    await sleep(40)
    await client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name <> 'store test' and pid <> pg_backend_pid()`,
    )
    await client.query('rollback')
  } finally {
    client.release()
  }
}

/** What this attempt sends: other words at each attempt, so that nothing of an earlier one can hide in it. */
const words = ({ request }: AgentCall) =>
  Array.from({ length: 12 }, (_, i) => `${String(request.input['content'])}/${request.run.attempt}/${i} 字😀\n`)

async function streamSlowly(call: AgentCall): Promise<void> {
  for (const word of words(call)) {
    call.text(word)
    await sleep(15)
  }
  call.send('item', { item: { attempt: call.request.run.attempt } })
  call.done()
}

test('connections that are cut all the time: every run ends, and is what its last attempt sent, byte for byte', async () => {
  // once, since what Postgres does is not charged against a run
  await world.publish({ policy: { ...POLICY, retries: { ...POLICY.retries, max: 0 } } })
  await Promise.all([world.startWorker(), world.startWorker()])
  world.startReconciler()
  world.app.onCall = (call) => void streamSlowly(call)
  const sessions = await Promise.all(Array.from({ length: 12 }, () => world.engine.newSession()))
  const runs = await Promise.all(sessions.map((sessionId, i) => world.say(sessionId, `session ${i}`)))
  const followers = await Promise.all(sessions.map((sessionId, i) => world.say(sessionId, `follower ${i}`)))
  for (let i = 0; i < 6; i++) {
    // Some are always under way, however slow all is.
    await world.called(i + 1)
    await sleep(20 * i)
    await cutAll()
  }
  for (const runId of [...runs, ...followers]) {
    const run = await world.ended(runId)
    expect(run).toMatchObject({ status: 'completed' })
  }
  for (const sessionId of sessions) {
    const { log, items } = await world.settled(sessionId)
    expect(log.filter(isTerminal)).toHaveLength(2)
    for (const output of items.filter(({ kind }) => kind === 'output')) {
      const last = world.app.calls.filter(({ request }) => request.run.id === output.runId).at(-1)!
      expect(output.data['content']).toBe(words(last).join(''))
    }
    expect(items.map(({ kind }) => kind)).toEqual(['input', 'output', 'step', 'input', 'output', 'step'])
  }
  expect(world.app.calls.length).toBeGreaterThan(runs.length + followers.length)
  world.faults.splice(0)
})

const CUTS = 5

test('a run whose retries are spent fails also when the connections are cut just then', async () => {
  await world.publish({ policy: { ...POLICY, retries: { ...POLICY.retries, max: 1 } } })
  await world.startWorker()
  world.startReconciler()
  world.app.onCall = async (call) => {
    call.text('half')
    // An attempt whose append was cut is not charged: cut for ever, the run would never end.
    if (world.app.calls.length <= CUTS) await cutAll()
    call.send('error', { message: 'no', retryable: true })
  }
  const sessionId = await world.engine.newSession()
  const run = await world.ended(await world.say(sessionId))
  expect(run).toMatchObject({ status: 'failed', error: { code: 'agent_error' } })
  expect(run.attempts.filter(({ outcome }) => outcome === 'failed').length).toBeLessThanOrEqual(2)
  await world.settled(sessionId)
  world.faults.splice(0)
})
