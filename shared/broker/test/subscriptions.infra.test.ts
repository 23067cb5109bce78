import { Redis } from 'ioredis'
import { newId } from '@shared/domain/ids'
import { describeWithRedis, testRedisPrefix, testRedisUrl } from '../../../test/redis.ts'
import { eventually } from '../../../test/server/eventually.ts'
import type { Broker } from '../port.ts'
import { createRedisBroker } from '../redis/createRedisBroker.ts'

describeWithRedis('what Redis is asked to send', () => {
  let redis: Redis
  let broker: Broker
  let prefix: string

  beforeAll(() => {
    redis = new Redis(testRedisUrl())
  })
  beforeEach(async () => {
    prefix = `{${testRedisPrefix()}-${newId('request')}}`
    broker = await createRedisBroker({ url: testRedisUrl(), prefix, onError: () => undefined })
  })
  afterEach(() => broker.close())
  afterAll(() => redis.quit())

  /** Sessions to whose channels somebody is subscribed. */
  async function subscribed(): Promise<string[]> {
    const channels = (await redis.pubsub('CHANNELS', `${prefix}:session:*`)) as string[]
    return channels.map((channel) => channel.slice(`${prefix}:session:`.length)).toSorted()
  }

  const some = (count: number) => Array.from({ length: count }, () => newId('session'))

  test('are the watched sessions, of however many watches that begin together', async () => {
    const sessionIds = some(1_500)
    await Promise.all(sessionIds.map((sessionId) => broker.watch(sessionId)))
    expect(await subscribed()).toEqual(sessionIds.toSorted())
    for (const sessionId of sessionIds) broker.unwatch(sessionId)
    await eventually(async () => (await subscribed()).length === 0)
  })

  test('is nothing of what was no longer watched when its turn came, and all that is watched again', async () => {
    const [kept, left, again] = [some(20), some(20), some(20)]
    const watches = [...kept, ...left, ...again].map((sessionId) => broker.watch(sessionId))
    for (const sessionId of [...left, ...again]) broker.unwatch(sessionId)
    watches.push(...again.map((sessionId) => broker.watch(sessionId)))
    await Promise.all(watches)
    expect(await subscribed()).toEqual([...kept, ...again].toSorted())
    for (const sessionId of kept) broker.unwatch(sessionId)
    await Promise.all(kept.map((sessionId) => broker.watch(sessionId)))
    for (const sessionId of again) broker.unwatch(sessionId)
    await eventually(async () => (await subscribed()).length === kept.length)
    expect(await subscribed()).toEqual(kept.toSorted())
  })

  test('news of many sessions are one command, in their order, also to a Redis that has lost its scripts', async () => {
    const other = await createRedisBroker({ url: testRedisUrl(), prefix, onError: () => undefined })
    const [one, two] = [newId('session'), newId('session')]
    const heard: [string, number][] = []
    other.onNews(({ sessionId, lastSeq }) => heard.push([sessionId, lastSeq]))
    await Promise.all([other.watch(one), other.watch(two)])
    const expected: [string, number][] = []
    for (let round = 0; round < 3; round++) {
      await redis.script('FLUSH')
      const said = Array.from({ length: 700 }, (_, seq): [string, number] => [seq % 2 ? one : two, 700 * round + seq])
      expected.push(...said)
      // Late on a busy machine, which is said to whoever waits, and sent nevertheless.
      await broker.publish(said.map(([sessionId, lastSeq]) => ({ sessionId, lastSeq }))).catch(() => undefined)
      await eventually(() => heard.length >= expected.length)
    }
    expect(heard).toEqual(expected)
    await other.close()
  })
})
