import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { tunables } from '@shared/domain/tunables'
import { type FakeLog, createFakeLog, grow, newHold, refusal, word } from './fakeLog.ts'

let log: FakeLog
const one = newHold()
const two = newHold()
beforeEach(() => {
  jest.useFakeTimers()
  log = createFakeLog()
})
afterEach(() => {
  jest.useRealTimers()
})

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms)
const round = () => pass(tunables.flush)
const answered = async (index: number, ...without: string[]) => {
  log.appends[index]!.commit(...without)
  await pass(0)
}
const appended = () => log.appends.map(({ runs }) => runs)

describe('events', () => {
  test('that somebody waits for are appended at once', async () => {
    log.outbox.add(one, [word('a')], true)
    await pass(0)
    expect(appended()).toEqual([{ [one.runId]: ['a'] }])
  })

  test('that nobody waits for are appended in rounds, all runs together', async () => {
    log.outbox.add(one, [word('a')], true)
    await pass(0)
    await answered(0)
    log.outbox.add(one, [word('b'), grow('x')], false)
    log.outbox.add(two, [word('c')], false)
    await pass(tunables.flush - 1)
    expect(log.appends).toHaveLength(1)
    log.outbox.add(one, [grow('y')], false)
    await pass(1)
    expect(appended()[1]).toEqual({ [one.runId]: ['b', 'xy'], [two.runId]: ['c'] })
  })

  test('that somebody waits for take the others along', async () => {
    log.outbox.add(one, [word('a')], true)
    await pass(0)
    await answered(0)
    log.outbox.add(one, [word('b')], false)
    log.outbox.add(two, [word('c')], true)
    await pass(0)
    expect(appended()[1]).toEqual({ [one.runId]: ['b'], [two.runId]: ['c'] })
  })

  test('wait while an append is under way, however long it takes', async () => {
    log.outbox.add(one, [word('a')], true)
    await pass(0)
    log.outbox.add(one, [word('b')], false)
    await pass(10 * tunables.flush)
    expect(log.appends).toHaveLength(1)
    await answered(0)
    expect(appended()[1]).toEqual({ [one.runId]: ['b'] })
  })

  test('that somebody waits for go as soon as the append under way returns', async () => {
    log.outbox.add(one, [word('a')], true)
    await pass(0)
    log.outbox.add(two, [word('b')], true)
    await answered(0)
    expect(appended()[1]).toEqual({ [two.runId]: ['b'] })
  })

  test('are said only when they are committed, in that order, with their seqs', async () => {
    log.outbox.add(one, [word('a'), word('b')], true)
    await pass(0)
    expect(log.published).toEqual([])
    await answered(0)
    log.outbox.add(one, [word('c')], true)
    await pass(0)
    await answered(1)
    expect(log.published).toEqual([['11 a', '12 b'], ['11 c']])
  })

  test('are none: nothing is asked of Postgres', async () => {
    await pass(10 * tunables.flush)
    expect(log.appends).toEqual([])
  })
})

describe('a run whose append did not come through', () => {
  test('because its head was busy tries again, in order', async () => {
    log.outbox.add(one, [grow('a')], true)
    await pass(0)
    log.outbox.add(one, [grow('b'), word('c')], false)
    await answered(0, one.runId)
    await round()
    expect(appended()[1]).toEqual({ [one.runId]: ['ab', 'c'] })
    await answered(1)
    expect(log.published).toHaveLength(1)
    expect(log.lost).toEqual([])
  })

  test('because it was fenced is lost, and the others are not', async () => {
    log.outbox.add(one, [word('a')], true)
    log.outbox.add(two, [word('b')], true)
    log.fenced.add(one.runId)
    await pass(0)
    await answered(0, one.runId)
    await round()
    expect(log.lost).toEqual([[one.runId, 'fenced', 1]])
    expect(log.published).toEqual([['11 b']])
    expect(log.appends).toHaveLength(1)
  })

  test('for a reason that can’t be read is uncertain', async () => {
    log.unreadable = new Error('away')
    log.outbox.add(one, [word('a')], true)
    await pass(0)
    await answered(0, one.runId)
    expect(log.lost).toEqual([[one.runId, 'uncertain', 1]])
  })
})

describe('an append that failed', () => {
  test.each([
    ['a broken connection', new Error('Connection terminated unexpectedly')],
    ['a reset', Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })],
    ['a broken pipe', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })],
    ['a server that is stopped', refusal('57P01')],
  ])('by %s is not tried again: it may have been committed', async (_what, error) => {
    log.outbox.add(one, [word('a')], true)
    log.outbox.add(two, [word('b')], true)
    await pass(0)
    log.appends[0]!.fail(error)
    await round()
    expect(log.lost).toEqual([
      [one.runId, 'uncertain', 1],
      [two.runId, 'uncertain', 1],
    ])
    expect(log.appends).toHaveLength(1)
    expect(log.troubles).toEqual([error])
    expect(log.published).toEqual([])
  })

  test('for a fault of ours is not tried again, and is told apart from trouble', async () => {
    log.outbox.add(one, [word('a')], true)
    await pass(0)
    log.appends[0]!.fail(new TypeError('x is not a function'))
    await round()
    expect(log.lost).toEqual([[one.runId, 'faulty', 1]])
    expect(log.appends).toHaveLength(1)
  })

  test('for what one run wants to write is tried for each alone; only that one is refused', async () => {
    log.outbox.add(one, [word('a')], true)
    log.outbox.add(two, [word('b')], true)
    await pass(0)
    log.appends[0]!.fail(refusal('22P05'))
    await pass(0)
    expect(appended()[1]).toEqual({ [one.runId]: ['a'] })
    log.appends[1]!.fail(refusal('22P05'))
    await pass(0)
    expect(appended()[2]).toEqual({ [two.runId]: ['b'] })
    await answered(2)
    expect(log.lost).toEqual([[one.runId, 'refused', 1]])
    expect(log.published).toEqual([['11 b']])
  })
})

describe('a run that ends', () => {
  test('takes back what is not yet on its way', async () => {
    log.outbox.add(one, [word('a')], false)
    log.outbox.add(one, [word('b')], false)
    expect(await log.outbox.settle(one)).toEqual([word('a'), word('b')])
    await round()
    expect(log.appends).toEqual([])
    expect(await log.outbox.settle(one)).toEqual([])
  })

  test('waits for what is on its way, and for nobody else’s', async () => {
    log.outbox.add(one, [word('a')], true)
    await pass(0)
    log.outbox.add(one, [word('b')], false)
    let settled: unknown = null
    void log.outbox.settle(one).then((events) => (settled = events))
    await pass(0)
    expect(settled).toBeNull()
    expect(await log.outbox.settle(two)).toEqual([])
    await answered(0)
    expect(settled).toEqual([word('b')])
  })

  test('takes back what could not be appended because its head was busy', async () => {
    log.outbox.add(one, [word('a')], true)
    await pass(0)
    const settled = log.outbox.settle(one)
    await answered(0, one.runId)
    expect(await settled).toEqual([word('a')])
    await round()
    expect(log.appends).toHaveLength(1)
  })
})

describe('a run that was given up', () => {
  test('writes nothing more', async () => {
    log.outbox.add(one, [word('a')], false)
    log.outbox.add(two, [word('b')], false)
    log.outbox.drop(one)
    await round()
    expect(appended()).toEqual([{ [two.runId]: ['b'] }])
  })

  test('writes nothing more also when its append under way finds its head busy', async () => {
    log.outbox.add(one, [word('a')], true)
    await pass(0)
    log.outbox.drop(one)
    await answered(0, one.runId)
    expect(await log.outbox.settle(one)).toEqual([])
    await round()
    expect(log.appends).toHaveLength(1)
    expect(log.lost).toEqual([])
  })
})

describe('two attempts of one run, of which the worker has let go of the first', () => {
  const again = newHold({ ...one, epoch: 3, attempt: 2 })

  test('the first leaves nothing to the second', async () => {
    log.outbox.add(one, [word('a')], true)
    await pass(0)
    log.outbox.add(one, [word('b')], false)
    log.outbox.add(again, [word('c')], false)
    await answered(0, one.runId)
    await round()
    expect(appended().slice(1)).toEqual([{ [one.runId]: ['c'] }])
  })

  test('the first is given up late: what the second has waiting is written', async () => {
    log.outbox.add(again, [word('c')], false)
    log.outbox.drop(one)
    expect(await log.outbox.settle(one)).toEqual([])
    await round()
    expect(appended()).toEqual([{ [one.runId]: ['c'] }])
  })

  test('the first is given up while the second is on its way: what finds its head busy is tried again', async () => {
    log.outbox.add(again, [word('c')], true)
    await pass(0)
    log.outbox.drop(one)
    await answered(0, one.runId)
    await round()
    expect(appended()[1]).toEqual({ [one.runId]: ['c'] })
  })

  test('the first ends without waiting for the second', async () => {
    log.outbox.add(again, [word('c')], true)
    await pass(0)
    expect(await log.outbox.settle(one)).toEqual([])
  })

  test('the first comes late: its words take nothing of the second’s place', async () => {
    log.outbox.add(again, [word('c')], true)
    await pass(0)
    log.outbox.add(one, [word('a')], false)
    await answered(0, one.runId)
    log.outbox.add(one, [word('b')], false)
    await round()
    expect(appended()[1]).toEqual({ [one.runId]: ['c'] })
  })

  test('it is said which of them was fenced', async () => {
    log.fenced.add(one.runId)
    log.outbox.add(one, [word('a')], true)
    await pass(0)
    log.outbox.add(again, [word('c')], false)
    await answered(0, one.runId)
    expect(log.lost).toEqual([[one.runId, 'fenced', 1]])
  })
})
