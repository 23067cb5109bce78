import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { isTerminal } from '@shared/domain/events'
import { describeWithRedis } from '../../../test/redis.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { type World, startWorld } from './world.ts'

function suite(kind: World['broker']['kind']) {
  let world: World
  beforeAll(async () => {
    world = await startWorld(kind)
  })
  afterEach(() => world.clear())
  afterAll(() => world.close())

  test('messages of one session are answered in order, one at a time, while other sessions go on', async () => {
    const [busy, ...others] = await Promise.all(Array.from({ length: 21 }, () => world.engine.newSession()))
    const running = new Map<string, number>()
    const overlaps: string[] = []
    let most = 0
    world.app.onCall = (call) => {
      const { id } = call.request.session
      if (running.get(id)) overlaps.push(id)
      running.set(id, (running.get(id) ?? 0) + 1)
      most = Math.max(
        most,
        [...running.values()].reduce((sum, count) => sum + count, 0),
      )
      call.text(`answer to ${String(call.request.input['content'])}`)
      // The first ones go on until another one has come: however slow all is, some run at once.
      void eventually(() => most > 1).then(() => {
        running.set(id, running.get(id)! - 1)
        call.done()
      })
    }
    await Promise.all([world.startWorker(4), world.startWorker(4)])
    const said: string[] = []
    const runs: string[] = []
    for (let i = 0; i < 20; i++) {
      said.push(`message ${i}`)
      runs.push(await world.say(busy!, said.at(-1)))
      runs.push(await world.say(others[i]!, 'hello'))
    }
    for (const runId of runs) expect(await world.ended(runId)).toMatchObject({ status: 'completed' })
    const { contents, log } = await world.settled(busy!)
    expect(contents).toEqual(said.flatMap((text) => [text, `answer to ${text}`]))
    expect(overlaps).toEqual([])
    expect(most).toBeGreaterThan(1)
    // never two running runs in a session: each start follows the end of the one before
    const turns = log.filter((event) => event.type === 'run.started' || isTerminal(event)).map(({ type }) => type)
    expect(turns).toEqual(Array.from({ length: 20 }, () => ['run.started', 'run.completed']).flat())
    for (const sessionId of others) await world.settled(sessionId)
    for (const call of world.app.calls.filter(({ request }) => request.session.id === busy)) {
      const { items, input } = call.request
      expect(items).toHaveLength(2 * said.indexOf(String(input['content'])))
    }
  })

  test('a backlog larger than all slots is worked off', async () => {
    await world.startWorker(2)
    const sessions = await Promise.all(Array.from({ length: 30 }, () => world.engine.newSession()))
    const runs = await Promise.all(sessions.map((sessionId) => world.say(sessionId)))
    for (const runId of runs) expect(await world.ended(runId)).toMatchObject({ status: 'completed' })
    expect(world.app.calls).toHaveLength(30)
  })

  test('a cancel reaches the worker: the call is broken off', async () => {
    await world.startWorker()
    const sessionId = await world.engine.newSession()
    world.app.onCall = (call) => call.text('a')
    const runId = await world.say(sessionId)
    await world.shown(sessionId, 'hello', 'a')
    await world.cancel(sessionId, runId)
    expect(await world.ended(runId)).toMatchObject({ status: 'cancelled' })
    // clear() waits until no call is open
  })
}

describe('with a broker on Postgres', () => suite('postgres'))
describeWithRedis('with a broker on Redis', () => suite('redis'))
