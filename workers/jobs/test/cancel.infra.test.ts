import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { isTerminal } from '@shared/domain/events'
import { forceEndRun } from '@shared/store/forceEndRun'
import { eventually } from '../../../test/server/eventually.ts'
import { POLICY, SHORT_LEASE, type World, startWorld } from './world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld('postgres', SHORT_LEASE)
})
afterEach(() => world.clear())
afterAll(() => world.close())

describe('a run that is cancelled while it streams', () => {
  /** A session whose first message is being answered: what was shown is "half an answer". */
  async function streaming() {
    await world.startWorker()
    const sessionId = await world.engine.newSession()
    world.app.onCall = (call) => {
      call.send('item', { item: { content: 'thought' } })
      call.text('half ')
      call.text('an answer')
    }
    const runId = await world.say(sessionId)
    await world.shown(sessionId, 'hello', 'thought', 'half an answer')
    return { sessionId, runId, call: await world.called(1) }
  }

  test('keeps what was shown, and its call is broken off', async () => {
    const { sessionId, runId, call } = await streaming()
    await world.cancel(sessionId, runId)
    await eventually(() => call.broken)
    expect(await world.ended(runId)).toMatchObject({ status: 'cancelled', attempts: [{ outcome: 'cancelled' }] })
    expect((await world.settled(sessionId)).items).toMatchObject([
      { kind: 'input' },
      { status: 'complete', data: { content: 'thought' } },
      { status: 'incomplete', data: { content: 'half an answer' } },
    ])
  })

  test('lets the next message of its session begin', async () => {
    const { sessionId, runId } = await streaming()
    world.app.onCall = (call) => call.answer([{ content: 'next' }])
    const next = await world.say(sessionId, 'and?')
    await world.cancel(sessionId, runId)
    expect(await world.ended(next)).toMatchObject({ status: 'completed' })
    expect((await world.settled(sessionId)).contents).toEqual(['hello', 'thought', 'half an answer', 'and?', 'next'])
    const second = await world.called(2)
    expect(second.request).toMatchObject({ incompleteItems: [2], input: { content: 'and?' } })
  })

  test('is left alone as soon as its worker writes, when nobody has told it', async () => {
    const { sessionId, runId, call } = await streaming()
    await forceEndRun(world.engine.db, { sessionId, runId, status: 'cancelled' })
    call.text(' and more')
    await eventually(() => call.broken)
    expect((await world.settled(sessionId)).contents).toEqual(['hello', 'thought', 'half an answer'])
  })

  test('is left alone at the next heartbeat, when nobody has told its worker and the agent app is silent', async () => {
    const { sessionId, runId, call } = await streaming()
    await forceEndRun(world.engine.db, { sessionId, runId, status: 'cancelled' })
    await eventually(() => call.broken)
    await world.settled(sessionId)
  })
})

describe('a run that is cancelled', () => {
  test('before its turn is never begun', async () => {
    await world.startWorker()
    const sessionId = await world.engine.newSession()
    world.app.onCall = (call) => call.text('a')
    await world.say(sessionId, 'one')
    const call = await world.called(1)
    const second = await world.say(sessionId, 'two')
    const third = await world.say(sessionId, 'three')
    await world.cancel(sessionId, second)
    world.app.onCall = (next) => next.answer([{ content: 'c' }])
    call.done()
    expect(await world.ended(third)).toMatchObject({ status: 'completed' })
    expect(await world.ended(second)).toMatchObject({ status: 'cancelled', attempts: [] })
    expect(world.app.calls.map(({ request }) => request.input['content'])).toEqual(['one', 'three'])
    await world.settled(sessionId)
  })

  test('while it waits for its retry is not tried again', async () => {
    await world.publish({ policy: { ...POLICY, retries: { ...POLICY.retries, backoffMs: 300, maxBackoffMs: 300 } } })
    await world.startWorker()
    const sessionId = await world.engine.newSession()
    world.app.onCall = (call) => call.status(500)
    const runId = await world.say(sessionId)
    await world.logged(sessionId, 'run.retrying')
    await world.cancel(sessionId, runId)
    world.app.onCall = (call) => call.answer([{ content: 'b' }])
    await world.ended(await world.say(sessionId, 'next'))
    expect(world.app.calls).toHaveLength(2)
    expect((await world.settled(sessionId)).contents).toEqual(['hello', 'next', 'b'])
    await world.publish({})
  })

  test('at the very moment in which it completes ends once, one way or the other', async () => {
    await world.startWorker(30)
    const sessions = await Promise.all(Array.from({ length: 30 }, () => world.engine.newSession()))
    world.app.onCall = (call) => call.text('answer')
    const runs = await Promise.all(sessions.map((sessionId) => world.say(sessionId)))
    await world.called(30)
    await Promise.all(sessions.map((sessionId) => world.shown(sessionId, 'hello', 'answer')))
    await Promise.all(
      sessions.map(async (sessionId, index) => {
        const call = world.app.calls.find(({ request }) => request.session.id === sessionId)!
        call.done()
        await new Promise((resolve) => setTimeout(resolve, index % 10))
        await world.cancel(sessionId, runs[index]!)
      }),
    )
    const statuses = new Set<string>()
    for (const [index, sessionId] of sessions.entries()) {
      const { status } = await world.ended(runs[index]!)
      statuses.add(status)
      const { log, contents } = await world.settled(sessionId)
      expect(log.filter(isTerminal)).toHaveLength(1)
      expect(contents).toEqual(['hello', 'answer'])
    }
    expect([...statuses].every((status) => status === 'completed' || status === 'cancelled')).toBe(true)
  })
})
