import { Redis } from 'ioredis'
import { describeWithRedis, testRedisPrefix, testRedisUrl } from '../../../test/redis.ts'
import { testBroker } from './conformance.ts'

describeWithRedis('the broker on Redis', () => {
  let redis: Redis

  beforeAll(() => {
    redis = new Redis(testRedisUrl())
  })
  afterAll(() => redis.quit())

  async function clientsOf(prefix: string): Promise<string[]> {
    const clients = String(await redis.client('LIST')).split('\n')
    return clients.filter((client) => client.includes(` name=${prefix}:`))
  }

  testBroker(() => ({
    carriesEvents: true,
    newAddress: () => ({ kind: 'redis', url: testRedisUrl(), name: `{${testRedisPrefix()}}` }),
    async killConnections({ name }) {
      const clients = await clientsOf(name)
      await Promise.all(clients.map((client) => redis.client('KILL', 'ID', /^id=(\d+) /.exec(client)![1]!)))
      return clients.length
    },
  }))
})
