import { createServer, type Server } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describeWithRedis, testRedisUrl } from '../../../test/redis.ts'
import { createBroker } from '../createBroker.ts'

const PASSWORD = 'canary-password'

async function refusal(options: { redisUrl?: string; databaseUrl?: string }): Promise<string> {
  const created = createBroker({ databaseUrl: 'postgres://127.0.0.1:1/none', ...options, onError: () => undefined })
  const message = await created.then(
    () => 'it was created',
    (error: Error) => error.message,
  )
  expect(message).not.toContain(PASSWORD)
  expect(message).not.toContain('\n')
  return message
}

describe('a broker whose service does not answer', () => {
  let silent: Server
  let silentHost: string

  beforeAll(async () => {
    silent = createServer((socket) => socket.on('error', () => undefined).resume())
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    silentHost = `127.0.0.1:${(silent.address() as AddressInfo).port}`
  })
  // Ends only when nobody holds a connection any more.
  afterAll(() => new Promise((resolve) => silent.close(resolve)))

  // All at once, since each waits for its time to be over.
  test('names it, why, and what to correct: nobody listens there, or who does says nothing', async () => {
    const [redisRefuses, redisIsSilent, postgresRefuses, postgresIsSilent] = await Promise.all([
      refusal({ redisUrl: `redis://user:${PASSWORD}@127.0.0.1:1` }),
      refusal({ redisUrl: `redis://user:${PASSWORD}@${silentHost}/0` }),
      refusal({ databaseUrl: `postgres://user:${PASSWORD}@127.0.0.1:1/agentview` }),
      refusal({ databaseUrl: `postgres://user:${PASSWORD}@${silentHost}/agentview` }),
    ])
    expect(redisRefuses).toMatch(/^Redis at 127\.0\.0\.1:1 does not answer: .*ECONNREFUSED.* correct REDIS_URL\.$/)
    expect(redisIsSilent).toMatch(/^Redis at 127\.0\.0\.1:\d+\/0 does not answer: .* correct REDIS_URL\.$/)
    expect(postgresRefuses).toMatch(
      /^Postgres at 127\.0\.0\.1:1\/agentview does not answer: .*ECONNREFUSED.* correct DATABASE_URL\.$/,
    )
    expect(postgresIsSilent).toMatch(
      /^Postgres at 127\.0\.0\.1:\d+\/agentview does not answer: .* correct DATABASE_URL\.$/,
    )
  })

  test('a database that does not exist', async () => {
    const url = new URL(process.env.AGENTVIEW_TEST_DATABASE_URL!)
    url.pathname = '/no_such_database'
    expect(await refusal({ databaseUrl: url.href })).toContain('database "no_such_database" does not exist')
  })

  test.each(['localhost:6379', `//:${PASSWORD}@host`, 'http://host', ''])(
    'no address of Postgres: %s',
    async (databaseUrl) => {
      expect(await refusal({ databaseUrl })).toBe(
        'DATABASE_URL is not an address like postgres://host:port: correct it.',
      )
    },
  )

  test('no address of Redis', async () => {
    expect(await refusal({ redisUrl: 'localhost:6379' })).toBe(
      'REDIS_URL is not an address like redis://host:port: correct it.',
    )
  })

  describeWithRedis('Redis', () => {
    test('a wrong password', async () => {
      const url = new URL(testRedisUrl())
      url.username = 'nobody'
      url.password = PASSWORD
      expect(await refusal({ redisUrl: url.href })).toContain('WRONGPASS')
    })
  })
})
