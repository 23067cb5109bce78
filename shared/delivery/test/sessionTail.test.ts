import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { tunables } from '@shared/domain/tunables'
import { SessionTail } from '../sessionTail.ts'
import { FakeLog, FakeReader, news, range } from './fakeLog.ts'

let log: FakeLog
let faults: unknown[]
let tail: SessionTail

/** A reader that has everything up to a seq and was taken. */
function joined(cursor: number): FakeReader {
  const reader = new FakeReader(cursor)
  expect(tail.join(reader, cursor)).toBe(true)
  return reader
}

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms)

beforeEach(() => {
  jest.useFakeTimers()
  log = new FakeLog()
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

  test('that the sweep has found are read only when they do not come', async () => {
    log.lastSeq = 2
    const reader = joined(0)
    tail.expect(2)
    await pass(tunables.sweepPatience - 1)
    tail.hear(news(1, 2))
    await pass(tunables.sweep)
    expect([reader.seqs, log.reads]).toEqual([[1, 2], []])
    log.lastSeq = 3
    tail.expect(3)
    await pass(tunables.sweepPatience - 1)
    expect(log.reads).toEqual([])
    await pass(2)
    expect([reader.seqs, log.reads]).toEqual([[1, 2, 3], [2]])
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
      if (delivered[0]!.seq > 1) return
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
    expect(tail.join(new FakeReader(2), 2)).toBe(false)
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
