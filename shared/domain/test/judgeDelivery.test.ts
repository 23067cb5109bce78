import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type DeliveryAnswer, judgeDelivery } from '../judgeDelivery.ts'
import { tunables } from '../tunables.ts'

const { retries, jitter } = tunables.webhooks
const said = (status: number, retryAfterMs: number | null = null): DeliveryAnswer => ({ status, retryAfterMs })

describe('an attempt whose receiver', () => {
  test.each<[string, DeliveryAnswer, string]>([
    ['answers 200', said(200), 'delivered'],
    ['answers 204', said(204), 'delivered'],
    ['answers 299', said(299), 'delivered'],
    ['answers 301', said(301), 'retry'],
    ['answers 304', said(304), 'retry'],
    ['answers 400', said(400), 'retry'],
    ['answers 404', said(404), 'retry'],
    ['answers 410', said(410), 'gone'],
    ['answers 429', said(429, 1_000), 'retry'],
    ['answers 500', said(500), 'retry'],
    ['can’t be reached', { error: 'no' }, 'retry'],
  ])('%s: %s', (_what, answer, verdict) => {
    expect(judgeDelivery(answer, 1, 0.5)).toMatchObject({ verdict })
  })
})

test('the pauses grow from seconds to a day, and end', () => {
  const pauses = retries.map((_pause, index) => judgeDelivery(said(500), index + 1, 0.5))
  expect(pauses).toEqual(retries.map((delayMs) => ({ verdict: 'retry', delayMs, error: 'The receiver answered 500.' })))
  expect(retries.toSorted((a, b) => a - b)).toEqual(retries)
  expect(judgeDelivery(said(500), retries.length + 1, 0.5)).toMatchObject({ verdict: 'dead' })
  expect(judgeDelivery(said(200), retries.length + 1, 0.5)).toMatchObject({ verdict: 'delivered' })
})

test('a pause is moved by its jitter at most, and is never shorter than what the receiver asks for', () => {
  const random = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: retries.length }),
      random,
      fc.integer({ min: 0, max: 3_600_000 }),
      (tries, at, asked) => {
        const pause = retries[tries - 1]!
        const verdict = judgeDelivery(said(503, asked), tries, at)
        if (verdict.verdict !== 'retry') throw new Error(verdict.verdict)
        expect(verdict.delayMs).toBeGreaterThanOrEqual(Math.max(Math.floor(pause * (1 - jitter)), asked))
        expect(verdict.delayMs).toBeLessThanOrEqual(Math.max(Math.ceil(pause * (1 + jitter)), asked))
      },
    ),
  )
})

test('a lease outlives the longest attempt', () => {
  const { lease, connect, total, answerRest } = tunables.webhooks
  expect(lease).toBeGreaterThan(connect + total + answerRest)
})
