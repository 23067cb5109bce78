import { describe, expect, test } from '@jest/globals'
import { tunables } from '@shared/domain/tunables'
import { type Count, type RateLimit, createRateLimit } from '../rateLimit.ts'

/** A store whose answers come when the test lets them. */
function createStore() {
  const sums = new Map<string, number>()
  const waiting: (() => void)[] = []
  const asked: { id: string; points: number; windowSeconds: number }[] = []
  const count: Count = (id, points, windowSeconds) => {
    asked.push({ id, points, windowSeconds })
    return new Promise((resolve) => {
      waiting.push(() => {
        sums.set(id, (sums.get(id) ?? 0) + points)
        resolve({ points: sums.get(id)!, msLeft: windowSeconds * 1_000 })
      })
    })
  }
  const answer = async () => {
    for (const one of waiting.splice(0)) one()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { count, answer, asked, waiting }
}

const away: Count = () => Promise.reject(new Error('the store is away'))

function createClock() {
  let at = 1_000_000
  return { now: () => at, pass: (ms: number) => void (at += ms) }
}

/** How many requests are let through until the first refusal, at most `most`. */
function spendUntilRefused(limit: RateLimit, id: string, most = 10_000): number {
  for (let spent = 0; spent < most; spent++) if (limit.spend(id, 1).refused) return spent
  return most
}

describe('a limit in one process', () => {
  test('lets exactly so much through, each holder by himself', () => {
    const limit = createRateLimit(100, createStore().count)
    expect([spendUntilRefused(limit, 'eu_1'), spendUntilRefused(limit, 'eu_2')]).toEqual([100, 100])
  })

  test('says what is left, and for how long', () => {
    const clock = createClock()
    const limit = createRateLimit(3, createStore().count, clock.now)
    expect(limit.spend('eu_1', 1)).toEqual({ limit: 3, remaining: 2, reset: 60, refused: false })
    clock.pass(20_500)
    expect(limit.spend('eu_1', 2)).toEqual({ limit: 3, remaining: 0, reset: 40, refused: false })
    expect(limit.spend('eu_1', 1)).toEqual({ limit: 3, remaining: 0, reset: 40, refused: true })
    expect(limit.look('eu_1')).toEqual({ limit: 3, remaining: 0, reset: 40, refused: true })
    expect(limit.look('eu_2')).toMatchObject({ remaining: 3, refused: false })
  })

  test('begins anew after its window', () => {
    const clock = createClock()
    const limit = createRateLimit(5, away, clock.now)
    expect(spendUntilRefused(limit, 'eu_1')).toBe(5)
    clock.pass(tunables.rateLimits.window - 1)
    expect(limit.spend('eu_1', 1).refused).toBe(true)
    clock.pass(1)
    expect(spendUntilRefused(limit, 'eu_1')).toBe(5)
  })

  test('takes all of a request or nothing', () => {
    const limit = createRateLimit(100, createStore().count)
    expect(limit.spend('key_1', 60).refused).toBe(false)
    expect(limit.spend('key_1', 50)).toMatchObject({ remaining: 40, refused: true })
    expect(limit.spend('key_1', 40)).toMatchObject({ remaining: 0, refused: false })
  })

  test('waits for no store, and goes on counting while it is away', async () => {
    const limit = createRateLimit(100, away)
    let passed = 0
    for (let times = 0; times < 500; times++) {
      if (!limit.spend('eu_1', 1).refused) passed++
      await Promise.resolve()
    }
    expect(passed).toBe(100)
    const { count, asked } = createStore()
    // Its answers never come.
    expect(spendUntilRefused(createRateLimit(100, count), 'eu_1')).toBe(100)
    expect(asked).toHaveLength(1)
  })

  test('asks the store once a block, not once a request', async () => {
    const { count, answer, asked } = createStore()
    const limit = createRateLimit(10_000, count)
    for (let times = 0; times < 10_000; times++) {
      limit.spend('eu_1', 1)
      if (times % 100 === 0) await answer()
    }
    expect(asked.length).toBeLessThanOrEqual(tunables.rateLimits.blocks)
    expect(asked.length).toBeGreaterThan(tunables.rateLimits.blocks / 2)
  })

  test('of many holders has only a few reports under way', () => {
    const { count, waiting } = createStore()
    const limit = createRateLimit(20, count)
    for (let holder = 0; holder < 1_000; holder++) limit.spend(`eu_${holder}`, 1)
    expect(waiting).toHaveLength(tunables.rateLimits.reports)
  })

  test('remembers a bounded number of holders', () => {
    const limit = createRateLimit(1_000, away)
    for (let holder = 0; holder <= tunables.rateLimits.holders; holder++) limit.spend(String(holder), 1)
    expect([limit.look('0').remaining, limit.look('1').remaining]).toEqual([1_000, 999])
  })
})

describe('a limit of several processes', () => {
  test.each([2, 5, 10])('%i of them let little more through than one', async (processes) => {
    const { count, answer } = createStore()
    const limits = Array.from({ length: processes }, () => createRateLimit(1_000, count))
    let passed = 0
    for (let times = 0; times < 5_000; times++) {
      if (!limits[times % processes]!.spend('eu_1', 1).refused) passed++
      await answer()
    }
    expect(passed).toBeGreaterThanOrEqual(1_000)
    expect(passed).toBeLessThanOrEqual(1_000 + processes * (1_000 / tunables.rateLimits.blocks))
  })

  test('end their windows together', async () => {
    const clock = createClock()
    const { count, asked } = createStore()
    const limit = createRateLimit(20, count, clock.now)
    limit.spend('eu_1', 1)
    clock.pass(45_000)
    const other = createRateLimit(20, async () => ({ points: 20, msLeft: 15_000 }), clock.now)
    other.spend('eu_1', 1)
    await new Promise((resolve) => setImmediate(resolve))
    expect(other.spend('eu_1', 1)).toMatchObject({ refused: true, reset: 15 })
    expect(asked).toEqual([{ id: 'eu_1', points: 1, windowSeconds: 60 }])
    clock.pass(15_000)
    expect([limit, other].map((one) => one.spend('eu_1', 1).refused)).toEqual([false, false])
  })
})
