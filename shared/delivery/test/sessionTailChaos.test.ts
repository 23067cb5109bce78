import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { tunables } from '@shared/domain/tunables'
import fc from 'fast-check'
import { SessionTail } from '../sessionTail.ts'
import { FakeLog, FakeReader, news, range } from './fakeLog.ts'

beforeEach(() => void jest.useFakeTimers())
afterEach(() => void jest.useRealTimers())

test('whatever is lost, doubled or late, each reader has the whole log after the next look', async () => {
  const faults: unknown[] = []
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('write' as const), count: fc.integer({ min: 1, max: 4 }) }) },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('say' as const),
        back: fc.nat(8),
        count: fc.integer({ min: 1, max: 4 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('hint' as const) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('join' as const), behind: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), which: fc.nat(9) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(40) }) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const log = new FakeLog()
      const tail = new SessionTail(log, (fault) => faults.push(fault))
      const readers: { reader: FakeReader; from: number }[] = []
      for (const what of steps) {
        if (what.kind === 'write') log.lastSeq += what.count
        if (what.kind === 'hint' && log.lastSeq > 0) tail.hear({ lastSeq: log.lastSeq })
        if (what.kind === 'wait') await jest.advanceTimersByTimeAsync(what.ms)
        if (what.kind === 'leave') for (const { reader } of readers.splice(what.which, 1)) tail.leave(reader)
        if (what.kind === 'say') {
          const to = Math.max(0, log.lastSeq - what.back)
          const from = Math.max(1, to - what.count + 1)
          if (from <= to) tail.hear(news(...range(from, to)))
        }
        if (what.kind === 'join') {
          const from = Math.max(0, log.lastSeq - what.behind)
          const reader = new FakeReader(from)
          if (tail.join(reader, from)) readers.push({ reader, from })
        }
      }
      if (log.lastSeq > 0) tail.hear({ lastSeq: log.lastSeq })
      await jest.advanceTimersByTimeAsync(tunables.reorder)
      for (const { reader, from } of readers) expect(reader.seqs).toEqual(range(from + 1, log.lastSeq))
    }),
    { numRuns: 300 },
  )
  expect(faults).toEqual([])
})
