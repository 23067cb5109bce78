import { afterEach, expect, jest, test } from '@jest/globals'
import { clockFrom } from '../clockFrom.ts'

afterEach(() => {
  jest.useRealTimers()
})

test('tells the time from a moment on, whatever the date of this machine is', () => {
  const moment = new Date('2026-01-01T12:00:00.000Z')
  const real = performance.now()
  const now = clockFrom(moment)
  jest.useFakeTimers({ now: Date.parse('2031-05-05T00:00:00.000Z'), doNotFake: ['performance'] })
  const passed = now().getTime() - moment.getTime()
  expect(passed).toBeGreaterThanOrEqual(0)
  expect(passed).toBeLessThanOrEqual(performance.now() - real)
})
