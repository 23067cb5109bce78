import { EMPTY_VIEW, type Session } from '@agentview/contracts'
import { SessionFeed } from '../session/sessionFeed.ts'
import { eventOf, itemOf, runOf } from './samples.ts'

const SESSION: Session = {
  ...{ id: 'ses_1', handle: 'h', agent: 'echo', endUserId: 'eu_1', space: 'production', metadata: {}, state: null },
  ...{ version: '1.0.0', lastSeq: 3, createdAt: '2026-01-01T00:00:00.000Z', updatedAt: '2026-01-01T00:00:00.000Z' },
}

function feedOf(view = EMPTY_VIEW) {
  const seen: number[] = []
  const ignore = () => undefined
  const feed = new SessionFeed('ses_1', { event: ({ seq }) => seen.push(seq), changed: ignore, gone: ignore }, view)
  return { feed, seen }
}

test('each event counts once and in order; one before which another is missing is not taken', () => {
  const { feed, seen } = feedOf()
  const event = (seq: number) => eventOf(seq, 'item.created', { item: itemOf(seq, 0, `${seq}`) })
  expect([1, 2, 1, 2, 4, 3, 4].map((seq) => feed.take(event(seq)))).toEqual([true, true, true, true, false, true, true])
  expect(seen).toEqual([1, 2, 3, 4])
  expect(feed.view.items.map(({ data }) => data.content)).toEqual(['1', '2', '3', '4'])
  expect(feed.cursor()).toBe(4)
})

describe('a snapshot', () => {
  const items = [1, 2, 3, 4].map((runNo) => itemOf(runNo, 0, `${runNo}`))
  const runs = [1, 2, 3, 4].map((runNo) => runOf(runNo, 'completed'))
  const view = { ...EMPTY_VIEW, seq: 9, session: SESSION, items, runs }
  const snapshot = (seq: number, from: number) =>
    eventOf(seq, 'snapshot', { session: SESSION, items: items.slice(from), runs: runs.slice(from) })

  test('keeps older items that go on right before it', () => {
    const { feed } = feedOf(view)
    expect(feed.take(snapshot(20, 2))).toBe(true)
    expect(feed.view.items).toEqual(items)
    expect(feed.view.runs).toEqual(runs)
    expect(feed.cursor()).toBe(20)
  })

  test('keeps none when there may be others between', () => {
    const { feed } = feedOf({ ...view, items: items.slice(0, 2), runs: runs.slice(0, 2) })
    feed.take(snapshot(20, 3))
    expect(feed.view.items).toEqual(items.slice(3))
    expect(feed.view.runs).toEqual(runs.slice(3))
  })

  test('that is older than what is here changes nothing', () => {
    const { feed, seen } = feedOf(view)
    expect(feed.take(snapshot(8, 3))).toBe(true)
    expect(feed.view).toBe(view)
    expect(seen).toEqual([])
  })
})

test('older items stand before the others, and are hidden like them', () => {
  const { feed } = feedOf({ ...EMPTY_VIEW, seq: 9, items: [itemOf(2, 0, 'two')] })
  feed.addOlder([itemOf(1, 0, 'one'), itemOf(1, 1, 'one too')], false)
  feed.take(eventOf(10, 'items.hidden', { itemIds: ['itm_1_1'], reason: 'retry' }))
  expect(feed.view.items.map(({ data }) => data.content)).toEqual(['one', 'two'])
  expect(feed.mayHaveOlder).toBe(false)
})
