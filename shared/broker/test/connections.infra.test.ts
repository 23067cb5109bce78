import type { Redis } from 'ioredis'
import { describeWithRedis, testRedisPrefix, testRedisUrl } from '../../../test/redis.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { dropRedis, openRedis } from '../redis/connections.ts'
import { type Cutter, startCutter } from './cutter.ts'

describeWithRedis('a connection to Redis that is dropped', () => {
  let cutter: Cutter
  let client: Redis

  beforeEach(async () => {
    cutter = await startCutter(testRedisUrl())
    client = await openRedis({ url: new URL(cutter.url), name: 'dropped', kind: 'patient', report: () => undefined })
  })
  afterEach(() => cutter.close())

  test.each(['ready', 'reconnecting'] as const)(
    'while it is %s has ended, and so has what waited on it',
    async (status) => {
      const waiting = client.blpop(testRedisPrefix(), 0)
      const settled = expect(waiting).rejects.toThrow('Connection is closed')
      if (status === 'reconnecting') await cutter.cut()
      await eventually(() => client.status === status)
      dropRedis(client)
      await settled
      await eventually(() => client.status === 'end')
    },
  )

  test('stays ended', async () => {
    dropRedis(client)
    await expect(client.connect()).rejects.toThrow('dropped')
    await eventually(() => client.status === 'end')
  })
})
