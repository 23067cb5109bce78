import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { removeWorker } from '@shared/store/workers'
import { bare } from '../../../shared/store/test/testEngine.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { startWorkerProcess } from './startWorkerProcess.ts'
import { POLICY, SECRET, SHORT_LEASE, type World, startWorld } from './world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld('postgres', SHORT_LEASE)
})
afterEach(() => world.clear())
afterAll(() => world.close())

const overdue = (runId: string) =>
  world.engine.rows(`update runs set deadline_at = clock_timestamp() - interval '1 second' where id = $1`, bare(runId))
const holders = async () =>
  (
    await world.engine.rows<{ pid: number; name: string }>(
      `select l.pid, a.application_name as name from pg_locks l join pg_stat_activity a on a.pid = l.pid
       where l.locktype = 'advisory' and a.datname = current_database() and a.application_name = 'agentview reconciler'`,
    )
  ).map(({ pid }) => pid)

describe('the reconciler', () => {
  test('rings for a run of which nobody was told', async () => {
    await world.startWorker()
    const sessionId = await world.engine.newSession()
    // the worker has looked for itself when it started
    await world.ended(await world.say(sessionId, 'first'))
    const { runId } = await world.accept(sessionId, 'second')
    world.startReconciler()
    expect(await world.ended(runId)).toMatchObject({ status: 'completed' })
  })

  test('has its own worker take a run for which the queue takes no bell', async () => {
    const worker = await world.startWorker()
    const sessionId = await world.engine.newSession()
    await world.ended(await world.say(sessionId, 'first'))
    const { runId } = await world.accept(sessionId, 'second')
    const ring = () => Promise.reject(new Error('OOM command not allowed'))
    world.startReconciler({ worker, broker: { ...world.broker, ring } })
    expect(await world.ended(runId)).toMatchObject({ status: 'completed' })
  })

  test('gives the runs of a worker that is known to be dead to others at once', async () => {
    const dead = await world.engine.newWorker()
    const sessionId = await world.engine.newSession()
    const { runId } = await world.accept(sessionId)
    await world.engine.take(runId, dead)
    await removeWorker(world.engine.db, dead)
    await world.startWorker()
    world.startReconciler()
    expect(await world.ended(runId)).toMatchObject({
      status: 'completed',
      attempts: [{ outcome: 'lapsed', error: { code: 'worker_lost' } }, { outcome: 'completed' }],
    })
    await world.settled(sessionId)
  })

  test('takes a worker for dead when its lease is over', async () => {
    const sessionId = await world.engine.newSession()
    const { runId } = await world.accept(sessionId)
    await world.engine.take(runId)
    await world.engine.rows(`update workers set lease_until = clock_timestamp() + interval '2 seconds'`)
    await world.startWorker()
    world.startReconciler()
    expect(await world.ended(runId)).toMatchObject({
      status: 'completed',
      attempts: [{ outcome: 'lapsed', error: { code: 'worker_lost' } }, { outcome: 'completed' }],
    })
    await world.settled(sessionId)
  })
})

describe('a run past its deadline fails, whatever it waits for', () => {
  const failed = { status: 'failed', error: { code: 'deadline_exceeded' } }

  test('a worker', async () => {
    world.startReconciler()
    const sessionId = await world.engine.newSession()
    const runId = await world.say(sessionId, 'one')
    await overdue(runId)
    expect(await world.ended(runId)).toMatchObject({ ...failed, attempts: [] })
    expect((await world.settled(sessionId)).contents).toEqual(['one'])
  })

  test('its agent app: the call is broken off, what was shown stays, the next message begins', async () => {
    await world.startWorker()
    world.startReconciler()
    const sessionId = await world.engine.newSession()
    world.app.onCall = (call) => call.text('half')
    const first = await world.say(sessionId, 'one')
    await world.shown(sessionId, 'one', 'half')
    world.app.onCall = (call) => call.answer([{ content: 'b' }])
    const second = await world.say(sessionId, 'two')
    await overdue(first)
    expect(await world.ended(first)).toMatchObject(failed)
    expect(await world.ended(second)).toMatchObject({ status: 'completed' })
    const call = await world.called(1)
    await eventually(() => call.broken)
    expect((await world.settled(sessionId)).contents).toEqual(['one', 'half', 'two', 'b'])
  })

  test('its next attempt', async () => {
    await world.publish({
      policy: { ...POLICY, retries: { ...POLICY.retries, backoffMs: 60_000, maxBackoffMs: 60_000 } },
    })
    await world.startWorker()
    world.startReconciler()
    const sessionId = await world.engine.newSession()
    world.app.onCall = (call) => call.status(500)
    const runId = await world.say(sessionId)
    await world.logged(sessionId, 'run.retrying')
    await overdue(runId)
    expect(await world.ended(runId)).toMatchObject(failed)
    await world.settled(sessionId)
    await world.publish({})
  })
})

describe('of several reconcilers', () => {
  test('one works; when it stops, another takes over', async () => {
    const first = world.startReconciler()
    const [holder] = await eventually(async () => {
      const pids = await holders()
      return pids.length > 0 && pids
    })
    const second = world.startReconciler()
    await world.startWorker()
    // both have looked when a run was rung for; still one holds the lock
    const sessionId = await world.engine.newSession()
    await world.ended((await world.accept(sessionId)).runId)
    expect(await holders()).toEqual([holder])
    await first.stop()
    const [other] = await eventually(async () => {
      const pids = await holders()
      return pids.length > 0 && pids
    })
    expect(other).not.toBe(holder)
    expect(await world.ended((await world.accept(sessionId, 'again')).runId)).toMatchObject({ status: 'completed' })
    await second.stop()
    expect(await holders()).toEqual([])
  })

  test('the one that works goes on when its connection was cut', async () => {
    world.startReconciler()
    await world.startWorker()
    const [holder] = await eventually(async () => {
      const pids = await holders()
      return pids.length > 0 && pids
    })
    await world.engine.rows('select pg_terminate_backend($1)', holder)
    const sessionId = await world.engine.newSession()
    expect(await world.ended((await world.accept(sessionId)).runId)).toMatchObject({ status: 'completed' })
    expect(await holders()).not.toContain(holder)
  })

  test('one whose process is stopped does not keep the others from it', async () => {
    const process = await startWorkerProcess(world.databaseUrl, SECRET, SHORT_LEASE)
    const [stopped] = await eventually(async () => {
      const pids = await holders()
      return pids.length > 0 && pids
    })
    await process.signal('SIGSTOP')
    world.startReconciler()
    await eventually(async () => {
      const pids = await holders()
      return pids.length > 0 && !pids.includes(stopped!)
    })
    await process.signal('SIGKILL')
  })
})
