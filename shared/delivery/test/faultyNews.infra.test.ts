import { afterEach, describe, expect, test } from '@jest/globals'
import type { Broker, HeardNews } from '@shared/broker/port'
import { describeWithRedis } from '../../../test/redis.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { type FeedWorld, startFeedWorld } from './feedWorld.ts'
import { type Random, seeded } from './random.ts'
import { reaching, recorder } from './recorder.ts'

const SEED = Number(process.env.AGENTVIEW_TEST_SEED ?? 20_260_201)

type Fault = (news: HeardNews, tell: (news: HeardNews) => void) => void

/** A broker whose news come through a fault; news said by `reconnect` as after an outage. */
function faulty(fault: Fault): { wrap: (broker: Broker) => Broker; reconnect: () => void } {
  const listeners = new Set<() => void>()
  return {
    reconnect: () => {
      for (const listener of listeners) listener()
    },
    wrap: (broker) => ({
      ...broker,
      onNews: (listener) => broker.onNews((news) => fault(news, listener)),
      onReconnect(listener) {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    }),
  }
}

/** Loses three of ten, doubles two, and holds two back until after the next. */
function unreliable(random: Random): Fault {
  const held: HeardNews[] = []
  return (news, tell) => {
    if (random.chance(0.3)) return
    if (random.chance(0.2)) return void held.push(news)
    tell(news)
    if (random.chance(0.2)) tell(news)
    for (const late of held.splice(0)) tell(late)
  }
}

let world: FeedWorld | null = null

afterEach(async () => {
  await world?.close()
  world = null
})

describeWithRedis('over Redis', () => suite('redis'))
describe('over Postgres alone', () => suite('postgres'))

function suite(kind: Broker['kind']): void {
  test('readers get everything once and in order though news are lost, doubled and late', async () => {
    world = await startFeedWorld({ kind, wrapBroker: faulty(unreliable(seeded(SEED))).wrap })
    const writers = await Promise.all([1, 2, 3].map((seed) => world!.newWriter(seeded(SEED + seed))))
    const readers = writers.flatMap((writer) => [0, 1].map(() => ({ writer, reader: recorder() })))
    for (const { writer, reader } of readers) await world.feeds.subscribe(writer.sessionId, 0, reader)
    for (let step = 0; step < 60; step++) for (const writer of writers) await writer.step()
    for (const { writer, reader } of readers) {
      await reader.until(reaching(await writer.lastSeq()))
      expect(reader.events).toEqual(await world.engine.log(writer.sessionId))
    }
  })

  test('readers get everything though no news come at all', async () => {
    world = await startFeedWorld({ kind, wrapBroker: faulty(() => undefined).wrap })
    const writer = await world.newWriter(seeded(SEED + 4))
    const reader = recorder()
    await world.feeds.subscribe(writer.sessionId, 0, reader)
    await reader.until(reaching(1))
    for (let step = 0; step < 30; step++) await writer.step()
    await reader.until(reaching(await writer.lastSeq()))
    expect(reader.events).toEqual(await world.engine.log(writer.sessionId))
  })

  test('what was said while the broker was away is read as soon as it is back', async () => {
    let away = true
    const { wrap, reconnect } = faulty((news, tell) => {
      if (!away) tell(news)
    })
    world = await startFeedWorld({ kind, wrapBroker: wrap })
    const writer = await world.newWriter(seeded(SEED + 5))
    const reader = recorder()
    await world.feeds.subscribe(writer.sessionId, 0, reader)
    await reader.until(reaching(1))
    await world.engine.say(writer.sessionId)
    away = false
    reconnect()
    await reader.until(reaching(3))
    expect(reader.events).toEqual(await world.engine.log(writer.sessionId))
  })

  test('a reader begins although it can’t be watched', async () => {
    const wrapBroker = (broker: Broker): Broker => ({ ...broker, onNews: () => () => undefined })
    world = await startFeedWorld({ kind, wrapBroker, watch: () => Promise.reject(new Error('pub/sub is away')) })
    const writer = await world.newWriter(seeded(SEED + 6))
    const reader = recorder()
    const subscription = await world.feeds.subscribe(writer.sessionId, 0, reader)
    for (let step = 0; step < 10; step++) await writer.step()
    await reader.until(reaching(await writer.lastSeq()))
    subscription.close()
    await eventually(() => world!.feeds.watched() === 0)
    expect(world.watches()).toBe(0)
  })
}
