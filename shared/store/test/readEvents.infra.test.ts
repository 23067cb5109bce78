import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { newId, uuidOf } from '@shared/domain/ids'
import { readEvents, readLastSeqs, readLogEnds, readMovedSeqs, readRunSeqBefore } from '../readEvents.ts'
import { readHistory, readRunItems } from '../history.ts'
import { findRun, readItem, readItemsOfRun } from '../runs.ts'
import { forceEndRun } from '../forceEndRun.ts'
import {
  type TestEngine,
  append,
  bare,
  completed,
  created,
  finish,
  grown,
  holdOf,
  itemOf,
  startTestEngine,
  typesOf,
} from './testEngine.ts'

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.close())

const contentOf = (json: string) => (JSON.parse(json) as { content: string }).content

/** A session whose log mixes deltas and other events: seqs 5, 9 … are none, the rest of 5 to 20 are deltas. */
async function mixedLog() {
  const sessionId = await engine.newSession()
  const claimed = await engine.take((await engine.say(sessionId)).runId)
  const items = [1, 2, 3, 4].map((no) => itemOf(claimed, no, 'streaming'))
  for (const item of items)
    await append(engine.db, holdOf(claimed), created(item), grown(item, 'a'), grown(item, 'b'), grown(item, 'c'))
  return { sessionId, claimed }
}

describe('a page of events', () => {
  test('goes on after the cursor, in order, with deltas and other events in one row', async () => {
    const { sessionId } = await mixedLog()
    const page = (await readEvents(engine.db, sessionId, 6, 5))!
    expect(page).toMatchObject({ lastSeq: 20, floorSeq: 0 })
    expect(page.events.map((event) => event.seq)).toEqual([7, 8, 9, 10, 11])
    expect(typesOf(page.events)).toEqual(['item.delta', 'item.delta', 'item.created', 'item.delta', 'item.delta'])
  })

  test.each([1, 2, 3, 7, 100])('of %d at a time comes to the same log', async (limit) => {
    const { sessionId } = await mixedLog()
    const all = []
    for (let after = 0; ; after = all.at(-1)!.seq) {
      const { events } = (await readEvents(engine.db, sessionId, after, limit))!
      expect(events.length).toBeLessThanOrEqual(limit)
      if (events.length === 0) break
      all.push(...events)
    }
    expect(all).toEqual(await engine.log(sessionId))
    expect(all.map((event) => event.seq)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
  })

  test('at or beyond the end is empty, and still says where the end is', async () => {
    const { sessionId } = await mixedLog()
    expect(await readEvents(engine.db, sessionId, 20, 10)).toEqual({ lastSeq: 20, floorSeq: 0, events: [] })
    expect(await readEvents(engine.db, sessionId, 99, 10)).toEqual({ lastSeq: 20, floorSeq: 0, events: [] })
  })

  test('below the floor is empty and says where the floor is; at the floor it goes on', async () => {
    const { sessionId } = await mixedLog()
    await engine.rows('update session_heads set floor_seq = 6 where session_id = $1', bare(sessionId))
    expect(await readEvents(engine.db, sessionId, 5, 10)).toEqual({ lastSeq: 20, floorSeq: 6, events: [] })
    expect((await readEvents(engine.db, sessionId, 6, 2))!.events.map((event) => event.seq)).toEqual([7, 8])
  })

  test('of an absent session is null', async () => {
    expect(await readEvents(engine.db, newId('session'), 0, 10)).toBeNull()
  })

  test('never has a gap while others write', async () => {
    const { sessionId, claimed } = await mixedLog()
    const item = itemOf(claimed, 5, 'streaming')
    const writing = (async () => {
      await append(engine.db, holdOf(claimed), created(item))
      for (let i = 0; i < 40; i++)
        await Promise.all([append(engine.db, holdOf(claimed), grown(item, 'x')), engine.say(sessionId)])
    })()
    let over = false
    void writing.finally(() => (over = true))
    for (let after = 0; ;) {
      const last = over
      const { events, lastSeq } = (await readEvents(engine.db, sessionId, after, 7))!
      expect(events.map((event) => event.seq)).toEqual(events.map((_, i) => after + 1 + i))
      if (events.length < 7) expect(events.at(-1)?.seq ?? after).toBe(lastSeq)
      after = events.at(-1)?.seq ?? after
      if (last && after === lastSeq) break
    }
    await writing
  })
})

test('the last seqs of many sessions leave out those that are gone', async () => {
  const [one, two] = [await engine.newSession(), await engine.newSession()]
  await engine.say(two)
  const gone = newId('session')
  expect(await readLastSeqs(engine.db, [one, two, gone])).toEqual(new Map([[one, 1], [two, 3]])) // prettier-ignore
  expect(await readLastSeqs(engine.db, [])).toEqual(new Map())
})

test('of many sessions only those are told that have moved or are gone', async () => {
  const [still, moved, behind] = [await engine.newSession(), await engine.newSession(), await engine.newSession()]
  await engine.say(moved)
  const gone = newId('session')
  const known = new Map([[still, 1], [gone, 0], [moved, 1], [behind, 9]]) // prettier-ignore
  expect(await readMovedSeqs(engine.db, known)).toEqual(new Map([[gone, null], [moved, 3], [behind, 1]])) // prettier-ignore
  expect(await readMovedSeqs(engine.db, new Map())).toEqual(new Map())
})

test('where logs end is told in the order asked for, of one that is asked for twice as well', async () => {
  const [one, two] = [await engine.newSession(), await engine.newSession()]
  await engine.say(two)
  await engine.rows('update session_heads set floor_seq = 2 where session_id = $1', uuidOf('session', two))
  const ends = await readLogEnds(engine.db, [two, newId('session'), one, two])
  const [first, second] = [{ lastSeq: 1, floorSeq: 0 }, { lastSeq: 3, floorSeq: 2 }] // prettier-ignore
  expect(ends).toEqual([second, null, first, second])
  expect(await readLogEnds(engine.db, [])).toEqual([])
})

test('the seq before, in the stream of one run, passes over the events of others', async () => {
  const { sessionId, claimed } = await mixedLog()
  const other = await engine.say(sessionId)
  const before = (runId: string, seq: number) => readRunSeqBefore(engine.db, sessionId, runId, seq)
  expect(await before(claimed.run.id, 22)).toBe(20)
  expect(await before(claimed.run.id, 17)).toBe(17)
  expect(await before(claimed.run.id, 2)).toBe(2)
  expect(await before(claimed.run.id, 1)).toBe(0)
  expect(await before(other.runId, 20)).toBe(0)
  expect(await before(other.runId, 22)).toBe(22)
})

describe('the history that an agent app is sent', () => {
  test('is what earlier runs have settled, shown, in the order of turns, with those cut short named', async () => {
    const sessionId = await engine.newSession()
    const first = await engine.take((await engine.say(sessionId, { input: { content: 'one' } })).runId)
    await finish(engine.db, first)
    const second = await engine.take((await engine.say(sessionId, { input: { content: 'two' } })).runId)
    const open = itemOf(second, 1, 'streaming', 'step', 'half')
    await append(engine.db, holdOf(second), created(open))
    await forceEndRun(engine.db, { sessionId, runId: second.run.id, status: 'cancelled' })
    const third = await engine.take((await engine.say(sessionId, { input: { content: 'three' } })).runId)
    await engine.say(sessionId, { input: { content: 'four' } })
    const history = await readHistory(engine.db, sessionId, third.run.runNo, 10)
    expect(history.map(({ json, incomplete, runNo }) => [contentOf(json), incomplete, runNo])).toEqual([
      ['one', false, 1],
      ['bye', false, 1],
      ['two', false, 2],
      ['half', true, 2],
    ])
    await engine.rows(`update items set hidden = true where session_id = $1 and run_no = 1`, bare(sessionId))
    expect((await readHistory(engine.db, sessionId, third.run.runNo, 10)).map(({ json }) => contentOf(json))).toEqual([
      'two',
      'half',
    ])
  })

  test('is the newest, one item more than asked for when there are more, and says how large each is', async () => {
    const sessionId = await engine.newSession()
    for (let i = 0; i < 3; i++) await finish(engine.db, await engine.take((await engine.say(sessionId)).runId))
    const history = await readHistory(engine.db, sessionId, 4, 2)
    expect(history.map(({ runNo, json }) => [runNo, contentOf(json)])).toEqual([[2, 'bye'], [3, 'hello'], [3, 'bye']]) // prettier-ignore
    expect(history.at(-1)!.bytes).toBe('{"content": "bye"}'.length)
    expect(await readHistory(engine.db, sessionId, 1, 10)).toEqual([])
  })

  test('goes no further back than the first item that is beyond the bytes', async () => {
    const sessionId = await engine.newSession()
    for (let i = 0; i < 5; i++) await finish(engine.db, await engine.take((await engine.say(sessionId)).runId))
    const [whole, last] = [
      await readHistory(engine.db, sessionId, 6, 10),
      await readHistory(engine.db, sessionId, 6, 10, 0),
    ]
    expect(last).toEqual(whole.slice(-1))
    const twoTurns = whole.slice(-4).reduce((sum, item) => sum + item.bytes, 0)
    expect(await readHistory(engine.db, sessionId, 6, 10, twoTurns)).toEqual(whole.slice(-5))
    expect(await readHistory(engine.db, sessionId, 6, 10, 1_000_000)).toEqual(whole)
  })

  test('has nothing of an attempt that was superseded', async () => {
    const sessionId = await engine.newSession()
    const first = await engine.take((await engine.say(sessionId)).runId)
    await append(engine.db, holdOf(first), created(itemOf(first, 1, 'complete', 'step', 'first attempt')))
    await engine.rows(`select requeue_run_v1($1)`, {
      sessionId: bare(sessionId),
      ...{ runId: bare(first.run.id), epoch: 1, delayMs: 0, error: {}, failed: true, lapsed: false },
    })
    const second = await engine.take(first.run.id)
    const step = itemOf(second, 1, 'complete', 'output', 'second attempt')
    await finish(engine.db, second, { items: [step], events: [created(step), completed(step)] })
    expect((await readHistory(engine.db, sessionId, 2, 10)).map(({ json }) => contentOf(json))).toEqual([
      'hello',
      'second attempt',
    ])
    expect(await readRunItems(engine.db, first.run.id)).toEqual([{ content: 'second attempt' }])
    expect((await readItemsOfRun(engine.db, { id: first.run.id, sessionId })).map((item) => item.itemNo)).toEqual([
      0, 1,
    ])
    expect(await readItem(engine.db, sessionId, step.id)).toEqual(step)
    expect(await readItem(engine.db, await engine.newSession(), step.id)).toBeNull()
  })
})

test('a run is found by its organization and its end user only', async () => {
  const sessionId = await engine.newSession()
  const { runId } = await engine.say(sessionId)
  const { endUserId } = engine.sessionWith()
  const { organizationId } = engine
  expect(await findRun(engine.db, { organizationId, endUserId }, runId)).toMatchObject({ id: runId })
  expect(await findRun(engine.db, { organizationId, endUserId: newId('endUser') }, runId)).toBeNull()
  expect(await findRun(engine.db, { organizationId: newId('organization'), endUserId: null }, runId)).toBeNull()
  expect(await findRun(engine.db, { organizationId, endUserId }, newId('run'))).toBeNull()
})
