import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { DEFAULT_POLICY } from '../agents.ts'
import { retryAfterMs, retryDelay } from '../retry.ts'

const retries = { max: 3, backoffMs: 500, factor: 2, maxBackoffMs: 30_000, jitter: 0.5 }

describe('retryDelay', () => {
  test('as many retries as the policy allows, then none', () => {
    expect([1, 2, 3].map((failures) => retryDelay(retries, failures, 0))).toEqual([500, 1_000, 2_000])
    expect(retryDelay(retries, 4, 0)).toBeNull()
  })

  test('no retry at all when the policy says zero', () => {
    expect(retryDelay({ ...retries, max: 0 }, 1, 0)).toBeNull()
  })

  test('the backoff has a ceiling, also when the exponent overflows', () => {
    const patient = { ...retries, max: 10_000 }
    expect(retryDelay(patient, 20, 0)).toBe(30_000)
    expect(retryDelay(patient, 5_000, 0)).toBe(30_000)
  })

  test('jitter only shortens, by its proportion at most', () => {
    expect(retryDelay(retries, 1, 1)).toBe(250)
    expect(retryDelay({ ...retries, jitter: 0 }, 1, 0.9)).toBe(500)
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
        const full = 500 * 2 ** (failures - 1)
        const delay = retryDelay(retries, failures, random)!
        expect(delay).toBeGreaterThanOrEqual(full / 2)
        expect(delay).toBeLessThanOrEqual(full)
        expect(Number.isInteger(delay)).toBe(true)
      }),
    )
  })

  test("the agent app's Retry-After is a minimum, also above the ceiling", () => {
    expect(retryDelay(retries, 1, 0, 60_000)).toBe(60_000)
    expect(retryDelay(retries, 3, 0, 100)).toBe(2_000)
  })

  test('a spent budget is spent, whatever Retry-After says', () => {
    expect(retryDelay(retries, 4, 0, 1)).toBeNull()
  })

  test('the default policy retries', () => {
    expect(retryDelay(DEFAULT_POLICY.retries, 1, 0.5)).toBe(375)
  })
})

describe('Retry-After', () => {
  const now = Date.parse('2026-01-02T03:04:05Z')

  test.each<[string | string[] | undefined, number | null]>([
    ['0', 0],
    ['7', 7_000],
    ['999999999', 3_600_000],
    ['Fri, 02 Jan 2026 03:04:15 GMT', 10_000],
    ['Fri, 02 Jan 2026 03:04:00 GMT', 0],
    ['Fri, 02 Jan 2027 03:04:00 GMT', 3_600_000],
    ['', null],
    ['soon', null],
    ['-1', null],
    ['1.5', null],
    ['9999999999', null],
    [['1', '2'], null],
    [undefined, null],
  ])('%j is %j ms', (header, ms) => {
    expect(retryAfterMs(header, now)).toBe(ms)
  })
})
