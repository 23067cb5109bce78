import type { RecordedTurn } from '../replay/conversations.ts'
import { EMPTY_VIEW, type SessionView } from '@shared/domain/foldSession'
import type { JsonObject } from '@shared/domain/json'
import type { Item, ItemKind, Run, Session } from '@shared/domain/objects'
import { compareSession } from '../client/compareSession.ts'
import { compareTurn } from '../replay/compareTurn.ts'

const turn: RecordedTurn = {
  user: 'Rain?',
  toolCalls: [{ name: 'Weather.Now', arguments: { place: 'here' }, result: [] }],
  assistant: 'No.',
}
const accepted = { runId: 'run_1', itemId: 'itm_0' }
const run = { id: 'run_1', runNo: 1, status: 'completed' } as Run

function item(itemNo: number, kind: ItemKind, data: JsonObject): Item {
  return { id: `itm_${itemNo}`, runId: 'run_1', runNo: 1, itemNo, kind, status: 'complete', data } as Item
}

const items = [
  item(0, 'input', { type: 'message', role: 'user', content: 'Rain?' }),
  item(1, 'step', { type: 'tool_call', callId: 'c1', name: 'Weather.Now', arguments: { place: 'here' } }),
  item(2, 'step', { type: 'tool_result', callId: 'c1', result: [] }),
  item(3, 'output', { type: 'message', role: 'assistant', content: 'No.' }),
]
const view: SessionView = { ...EMPTY_VIEW, seq: 9, items, runs: [run] }

/** The view with one item's data changed. */
function changed(index: number, data: JsonObject): SessionView {
  return { ...view, items: items.with(index, { ...items[index]!, data: { ...items[index]!.data, ...data } }) }
}

function differing(view: SessionView): string[] {
  return compareTurn(view, accepted, turn, 1).map(({ what }) => what)
}

test('a turn as recorded has no differences', () => {
  expect(differing(view)).toEqual([])
})

test('items of other runs are not its concern', () => {
  const other = { ...items[3]!, id: 'itm_9', runId: 'run_0' }
  expect(differing({ ...view, items: [other, ...items] })).toEqual([])
})

test.each<[string, SessionView, string[]]>([
  ['another text', changed(3, { content: 'No' }), ['item 4 (output)']],
  ['a member too many', changed(3, { extra: true }), ['item 4 (output)']],
  ['other arguments', changed(1, { arguments: {} }), ['item 2 (step)']],
  ['another result', changed(2, { result: null }), ['item 3 (step)']],
  ['a result of another call', changed(2, { callId: 'c2' }), ['item 3 (step)']],
  ['a call without an id', changed(1, { callId: 7 }), ['item 2 (step)', 'item 3 (step)']],
  ['an item twice', { ...view, items: [...items, { ...items[3]!, id: 'itm_4' }] }, ['items of the run']],
  ['an item missing', { ...view, items: items.slice(0, 3) }, ['items of the run']],
  ['items in another order', { ...view, items: [items[0]!, items[3]!, items[1]!, items[2]!] }, ['items of the run']],
  [
    'a cut item',
    { ...view, items: items.with(3, { ...items[3]!, status: 'incomplete' }) },
    ['status of item 4 (output)'],
  ],
  ['another input item', { ...view, items: items.with(0, { ...items[0]!, id: 'itm_x' }) }, ['id of the input']],
  ['a failed run', { ...view, runs: [{ ...run, status: 'failed' }] }, ['run']],
  ['a second run', { ...view, runs: [run, { ...run, id: 'run_2', runNo: 2 }] }, ['runs in the session']],
])('%s is found', (_what, view, expected) => {
  expect(differing(view)).toEqual(expected)
})

test('the error of a failed run is shown', () => {
  const error = { code: 'worker_lost', message: 'Three workers were lost.' }
  const [found] = compareTurn({ ...view, runs: [{ ...run, status: 'failed', error }] }, accepted, turn, 1)
  expect(found).toEqual({ what: 'run', expected: { status: 'completed' }, got: { status: 'failed', error } })
})

describe('the session as the server tells it', () => {
  const session = { state: null, lastSeq: 9, lastRun: run, items } as unknown as Session

  test('equals what was folded', () => {
    expect(compareSession(view, session)).toEqual([])
  })

  test('is compared by id, data and status', () => {
    const got = compareSession(view, { ...session, items: items.with(1, { ...items[1]!, id: 'itm_x' }) })
    expect(got.map(({ what }) => what)).toEqual(['item 2 of GET session'])
  })

  test('lacks nothing and has nothing more', () => {
    const fewer = compareSession(view, { ...session, items: items.slice(0, 3) })
    expect(fewer.map(({ what }) => what)).toEqual(['number of items of GET session', 'item 4 of GET session'])
    const more = compareSession({ ...view, items: items.slice(0, 3) }, session)
    expect(more.map(({ what }) => what)).toEqual(['number of items of GET session'])
  })

  test('carries the last 200 items of a long one', () => {
    const many = Array.from({ length: 250 }, (_, index) => item(index, 'step', { index }))
    expect(compareSession({ ...view, items: many }, { ...session, items: many.slice(50) })).toEqual([])
  })

  test('has the same last event, run and state', () => {
    const got = compareSession(view, { ...session, lastSeq: 10, state: {}, lastRun: { ...run, status: 'failed' } })
    expect(got.map(({ what }) => what)).toEqual([
      'last event of GET session',
      'last run of GET session',
      'state of GET session',
    ])
  })
})
