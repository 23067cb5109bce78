import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Database, createPool } from '@shared/store/pool'
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts'
import { describeWithRedis, testRedisPrefix, testRedisUrl } from '../../../test/redis.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { type Counters, openCounters } from '../counters.ts'
import { type Count, createRateLimit } from '../rateLimit.ts'

let database: TestDatabase
let db: Database

beforeAll(async () => {
  database = await createTestDatabase()
  db = createPool({ url: database.url, name: 'limits test', max: 8, onError: () => undefined })
})

afterAll(async () => {
  await db?.end()
  await database?.drop()
})

function conformance(redisUrl: () => string | undefined): void {
  const open: Counters[] = []
  const faults: string[] = []
  const prefix = testRedisPrefix()
  afterAll(() => Promise.all(open.map((counters) => counters.close())))

  /** What one more process would count with. */
  async function openProcess(): Promise<Counters> {
    const onError = (error: Error) => void faults.push(error.message)
    const counters = await openCounters({ redisUrl: redisUrl(), db, prefix, onError })
    open.push(counters)
    return counters
  }

  test('processes count together, each kind and holder by itself', async () => {
    const [one, other] = [await openProcess(), await openProcess()]
    const counts = [one.of('user'), other.of('user'), one.of('address')]
    expect(await counts[0]!('eu_1', 3, 60)).toMatchObject({ points: 3 })
    const second = await counts[1]!('eu_1', 4, 60)
    expect(second.points).toBe(7)
    expect(second.msLeft).toBeGreaterThan(0)
    expect(second.msLeft).toBeLessThanOrEqual(60_000)
    expect(await counts[2]!('eu_1', 1, 60)).toMatchObject({ points: 1 })
    expect(await counts[0]!('eu_2', 1, 60)).toMatchObject({ points: 1 })
  })

  test('what was counted is forgotten with the window of who counted first', async () => {
    const [one, other] = [(await openProcess()).of('key'), (await openProcess()).of('key')]
    await one('key_1', 5, 1)
    await other('key_1', 5, 60)
    const again = await eventually(async () => {
      const counted = await other('key_1', 1, 60)
      return counted.points < 10 && counted
    })
    expect(again.points).toBe(1)
  })

  test('a limit is one for three processes', async () => {
    const limit = 200
    const waiting = new Set<Promise<unknown>>()
    const watched =
      (count: Count): Count =>
      (...told) => {
        const answer = count(...told)
        waiting.add(answer)
        return answer
      }
    const processes = await Promise.all([1, 2, 3].map(openProcess))
    const limits = processes.map((counters) => createRateLimit(limit, watched(counters.of('user'))))
    let passed = 0
    for (let times = 0; times < 3 * limit; times++) {
      if (!limits[times % 3]!.spend('eu_shared', 1).refused) passed++
      await Promise.all(waiting)
    }
    expect(passed).toBeGreaterThanOrEqual(limit)
    expect(passed).toBeLessThanOrEqual(limit + 3 * (limit / 20))
    expect(faults).toEqual([])
  })

  test('a store that has gone costs nothing but that each process counts alone', async () => {
    const counters = await openCounters({ redisUrl: redisUrl(), db: goneDatabase(), prefix, onError: () => undefined })
    await counters.close()
    const limit = createRateLimit(40, counters.of('user'))
    let passed = 0
    for (let times = 0; times < 100; times++) {
      if (!limit.spend('eu_gone', 1).refused) passed++
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(passed).toBe(40)
  })

  /** Nothing listens there. */
  function goneDatabase(): Database {
    const url = 'postgres://nobody@127.0.0.1:1/nothing'
    const gone = createPool({ url, name: 'gone', max: 1, onError: () => undefined })
    open.push({ of: () => () => Promise.reject(new Error('unused')), close: () => gone.end() })
    return gone
  }
}

describe('counters in Postgres', () => conformance(() => undefined))
describeWithRedis('counters in Redis', () => conformance(testRedisUrl))
