import { jest } from '@jest/globals'

/** As on a machine whose date was set wrongly: timers go on as ever. `jest.useRealTimers()` sets it right. */
export function setDate(now: number): void {
  const timers = [
    'setImmediate',
    'clearImmediate',
    'setInterval',
    'clearInterval',
    'setTimeout',
    'clearTimeout',
  ] as const
  jest.useFakeTimers({ now, doNotFake: [...timers, 'hrtime', 'nextTick', 'performance', 'queueMicrotask'] })
}

/** Now, as it truly is. */
export function trueNow(): number {
  return performance.timeOrigin + performance.now()
}
