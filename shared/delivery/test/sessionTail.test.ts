import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import type { SessionEvent } from '@shared/domain/events'
import { tunables } from '@shared/domain/tunables'
import type { EventPage } from '@shared/store/readEvents'
import fc from 'fast-check'
import { SessionTail, type TailReader } from '../sessionTail.ts'

const SESSION = 'ses_01jd0000000000000000000000'

const event = (seq: number): SessionEvent => ({
  seq,
  type: 'custom',
  sessionId: SESSION,
  at: '2026-01-01T00:00:00.000Z',
  data: { name: 'n', data: seq },
})
const news = (...seqs: number[]) => ({ lastSeq: seqs.at(-1)!, events: seqs.map(event) })

/** A log that grows, and how often it was read. */
class Log {
  lastSeq = 0
  floorSeq = 0
  reads: number[] = []
  failures = 0
  gone = false

  async readPage(after: number): Promise<EventPage | null> {
    this.reads.push(after)
    if (this.failures > 0) {
      this.failures--
      throw new Error('the log is away')
    }
    if (this.gone) return null
    const { lastSeq, floorSeq } = this
    const events = Array.from({ length: Math.min(5, lastSeq - after) }, (_, index) => event(after + index + 1))
    return { lastSeq, floorSeq, events: after < floorSeq ? [] : events }
  }

  async readSnapshotEvent(): Promise<SessionEvent | null> {
    return this.gone
      ? null
      : { ...event(this.lastSeq), type: 'snapshot', data: { session: {}, items: [], runs: [] } as never }
  }
}

class Reader implements TailReader {
  cursor: number
  seqs: number[] = []
  isGone = false

  constructor(cursor: number) {
    this.cursor = cursor
  }

  deliver({ seq }: SessionEvent): void {
    if (seq <= this.cursor) return
    this.cursor = seq
    this.seqs.push(seq)
  }

  gone(): void {
    this.isGone = true
  }
}

let log: Log
let faults: unknown[]
let tail: SessionTail

/** A reader that has everything up to a seq and was taken. */
function joined(cursor: number): Reader {
  const reader = new Reader(cursor)
  expect(tail.join(reader, cursor)).toBe(true)
  return reader
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)
const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms)

beforeEach(() => {
  jest.useFakeTimers()
  log = new Log()
  faults = []
  tail = new SessionTail(log, (fault) => faults.push(fault))
})

afterEach(() => void jest.useRealTimers())

describe('news', () => {
  test('in order are passed on at once, without a read', async () => {
    log.lastSeq = 3
    const reader = joined(0)
    tail.hear(news(1))
    tail.hear(news(2, 3))
    expect(reader.seqs).toEqual([1, 2, 3])
    await pass(tunables.sweep)
    expect(log.reads).toEqual([])
  })

  test('out of order are put in order within a moment, without a read', async () => {
    log.lastSeq = 4
    const reader = joined(0)
    for (const seqs of [[2], [4], [1], [3]]) tail.hear(news(...seqs))
    expect(reader.seqs).toEqual([1, 2, 3, 4])
    await pass(tunables.sweep)
    expect(log.reads).toEqual([])
  })

  test('said twice are passed on once', () => {
    log.lastSeq = 2
    const reader = joined(0)
    for (const seqs of [[1], [1], [1, 2], [2]]) tail.hear(news(...seqs))
    expect(reader.seqs).toEqual([1, 2])
  })

  test('that stay missing are read once for all readers, after the moment and not before', async () => {
    log.lastSeq = 3
    const readers = [joined(0), joined(0), joined(0)]
    tail.hear(news(3))
    await pass(tunables.reorder - 1)
    expect(log.reads).toEqual([])
    await pass(1)
    expect(log.reads).toEqual([0])
    for (const reader of readers) expect(reader.seqs).toEqual([1, 2, 3])
  })

  test('without events are read at once, page by page', async () => {
    log.lastSeq = 12
    const reader = joined(0)
    tail.hear({ lastSeq: 12 })
    await pass(0)
    expect(reader.seqs).toEqual(range(1, 12))
    expect(log.reads).toEqual([0, 5, 10])
  })

  test('of what was never committed are forgotten', async () => {
    log.lastSeq = 2
    const reader = joined(2)
    tail.hear({ lastSeq: 9 })
    await pass(tunables.sweep)
    expect([reader.seqs, log.reads]).toEqual([[], [2]])
  })

  test('that come while the log is read are not lost', async () => {
    log.lastSeq = 2
    const reader = joined(0)
    const read = log.readPage.bind(log)
    log.readPage = async (after) => {
      const page = await read(after)
      if (log.lastSeq < 6) {
        log.lastSeq += 1
        tail.hear({ lastSeq: log.lastSeq })
      }
      return page
    }
    tail.hear({ lastSeq: 2 })
    await pass(0)
    expect(reader.seqs).toEqual(range(1, 6))
  })

  test.each([0, 1, 2, 3, 4, 5, 6])('that come %d steps after a read has ended are not lost', async (hops) => {
    log.lastSeq = 1
    const reader = joined(0)
    const deliver = reader.deliver.bind(reader)
    reader.deliver = (delivered) => {
      deliver(delivered)
      if (delivered.seq > 1) return
      void (async () => {
        for (let hop = 0; hop < hops; hop++) await Promise.resolve()
        log.lastSeq = 2
        tail.hear({ lastSeq: 2 })
      })()
    }
    tail.hear({ lastSeq: 1 })
    await pass(tunables.reorder)
    expect(reader.seqs).toEqual([1, 2])
  })

  test('more than are kept are read', async () => {
    log.lastSeq = 1_000
    tail.hear(news(...range(1, 1_000)))
    const reader = joined(0)
    await pass(0)
    expect(reader.seqs).toEqual(range(1, 1_000))
  })
})

describe('a read that fails', () => {
  test('is said, and made up for by what is heard next', async () => {
    log.lastSeq = 2
    log.failures = 1
    const reader = joined(0)
    tail.hear({ lastSeq: 2 })
    await pass(tunables.reorder)
    expect([faults.length, reader.seqs]).toEqual([1, []])
    tail.hear({ lastSeq: 2 })
    await pass(0)
    expect(reader.seqs).toEqual([1, 2])
  })
})

describe('a reader', () => {
  test('that is behind the tail is not taken', () => {
    log.lastSeq = 3
    joined(3)
    expect(tail.join(new Reader(2), 2)).toBe(false)
  })

  test('that is ahead of the tail is taken, and the others get the same', async () => {
    log.lastSeq = 5
    const first = joined(2)
    const second = joined(5)
    await pass(0)
    expect([first.seqs, second.seqs]).toEqual([[3, 4, 5], []])
  })

  test('that comes back after all had left begins where it stands', async () => {
    log.lastSeq = 3
    const first = joined(0)
    tail.hear(news(1, 2, 3))
    tail.leave(first)
    log.lastSeq = 5
    tail.hear(news(4, 5))
    const second = joined(3)
    expect([first.seqs, second.seqs]).toEqual([
      [1, 2, 3],
      [4, 5],
    ])
  })

  test('of a session that is gone is told', async () => {
    const reader = joined(0)
    log.gone = true
    tail.hear({ lastSeq: 1 })
    await pass(0)
    expect(reader.isGone).toBe(true)
  })

  test('that is below the floor gets one snapshot and then the tail', async () => {
    log.lastSeq = 9
    log.floorSeq = 7
    const reader = joined(2)
    tail.hear({ lastSeq: 9 })
    await pass(0)
    log.lastSeq = 10
    tail.hear(news(10))
    expect(reader.seqs).toEqual([9, 10])
  })
})

test('whatever is lost, doubled or late, each reader has the whole log after the next look', async () => {
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
      log = new Log()
      tail = new SessionTail(log, (fault) => faults.push(fault))
      const readers: { reader: Reader; from: number }[] = []
      for (const what of steps) {
        if (what.kind === 'write') log.lastSeq += what.count
        if (what.kind === 'hint' && log.lastSeq > 0) tail.hear({ lastSeq: log.lastSeq })
        if (what.kind === 'wait') await pass(what.ms)
        if (what.kind === 'leave') for (const { reader } of readers.splice(what.which, 1)) tail.leave(reader)
        if (what.kind === 'say') {
          const to = Math.max(0, log.lastSeq - what.back)
          const from = Math.max(1, to - what.count + 1)
          if (from <= to) tail.hear(news(...range(from, to)))
        }
        if (what.kind === 'join') {
          const from = Math.max(0, log.lastSeq - what.behind)
          const reader = new Reader(from)
          if (tail.join(reader, from)) readers.push({ reader, from })
        }
      }
      if (log.lastSeq > 0) tail.hear({ lastSeq: log.lastSeq })
      await pass(tunables.reorder)
      for (const { reader, from } of readers) expect(reader.seqs).toEqual(range(from + 1, log.lastSeq))
    }),
    { numRuns: 300 },
  )
  expect(faults).toEqual([])
})
