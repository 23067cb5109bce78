import { afterEach, expect, jest, test } from '@jest/globals'
import { claimClock } from '../claimClock.ts'

afterEach(() => {
  jest.useRealTimers()
})

test('tells the time from the claim on, whatever the date of this machine is', () => {
  const at = '2026-01-01T12:00:00.000Z'
  const claim = { type: 'run.started', sessionId: 'ses_1', seq: 1, at } as never
  const real = performance.now()
  const now = claimClock({ events: [claim] })
  jest.useFakeTimers({ now: Date.parse('2031-05-05T00:00:00.000Z'), doNotFake: ['performance'] })
  const passed = now().getTime() - Date.parse(at)
  expect(passed).toBeGreaterThanOrEqual(0)
  expect(passed).toBeLessThanOrEqual(performance.now() - real)
})
