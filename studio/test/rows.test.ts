import type { JsonObject } from '@shared/domain/json'
import type { Attempt, Item, Run } from '@shared/domain/objects'
import { rowsOf, textOf } from '../pages/session/rows.ts'
import { spansOf } from '../pages/session/waterfall.ts'

let count = 0
function item(runId: string, data: JsonObject): Item {
  count += 1
  const at = '2026-12-01T10:00:00.000Z'
  const place = { runNo: 1, itemNo: count, kind: 'step' as const, status: 'complete' as const }
  return { id: `item ${count}`, sessionId: 's', runId, ...place, data, createdAt: at }
}

function run(id: string, status: Run['status'] = 'completed'): Run {
  const at = '2026-12-01T10:00:00.000Z'
  const rest = { type: 'chat', leg: 0, version: '1.0.0', metadata: {}, attempts: [], createdAt: at }
  return { id, sessionId: 's', runNo: 1, status, ...rest }
}

const kinds = (items: Item[], runs: Run[]) => rowsOf(items, runs).map((row) => row.kind)

test('a call and its result are one block, also when other items stand between them', () => {
  const items = [
    item('a', { type: 'message', role: 'user', content: 'menu?' }),
    item('a', { type: 'tool_call', callId: 'x', name: 'read_menu', arguments: {} }),
    item('a', { type: 'tool_call', callId: 'y', name: 'read_wine', arguments: {} }),
    item('a', { type: 'tool_result', callId: 'y', result: 'wine' }),
    item('a', { type: 'tool_result', callId: 'x', result: 'soup' }),
  ]
  const rows = rowsOf(items, [run('a')])
  expect(rows.map((row) => row.kind)).toEqual(['run', 'message', 'call', 'call'])
  expect(rows.flatMap((row) => (row.kind === 'call' ? [row.result?.data.result] : []))).toEqual(['soup', 'wine'])
})

test('the same call id in another run is another call', () => {
  const items = [
    item('a', { type: 'tool_call', callId: 'x', name: 'one' }),
    item('b', { type: 'tool_result', callId: 'x', result: 2 }),
  ]
  expect(kinds(items, [run('a'), run('b')])).toEqual(['run', 'call', 'run', 'json'])
})

test('a run that did not end well says so after its items', () => {
  const said = item('a', { type: 'message', role: 'user', content: 'hello' })
  expect(kinds([said], [run('a', 'failed')])).toEqual(['run', 'message', 'end'])
})

test('what nobody knows is shown as JSON, and hostile types break nothing', () => {
  const items = [
    item('a', { type: 'bill', total: 3 }),
    item('a', { type: { toString: 'no' } }),
    item('a', { type: 'message', content: { deep: true } }),
    item('a', { type: 'tool_call' }),
  ]
  expect(kinds(items, [run('a')])).toEqual(['run', 'json', 'json', 'json', 'call'])
})

test('items whose run was not loaded are not lost', () => {
  expect(kinds([item('z', { type: 'message', content: 'early' })], [])).toEqual(['message'])
})

test.each([
  [{ content: 'plain' }, 'plain'],
  [
    {
      content: [
        { type: 'text', text: 'one' },
        { type: 'text', text: 'two' },
      ],
    },
    'one\n\ntwo',
  ],
  [{ content: [{ type: 'image', url: 'x' }] }, null],
  [{ text: 'thought' }, 'thought'],
  [{}, null],
])('the text of %j is %j', (data, text) => {
  expect(textOf(data)).toBe(text)
})

test('a waterfall holds what has happened, and a clock that went back makes no negative span', () => {
  const timing = {
    acceptedAt: '2026-12-01T10:00:00.000Z',
    queuedAt: '2026-12-01T10:00:00.000Z',
    claimedAt: '2026-12-01T10:00:00.040Z',
    firstByteAt: '2026-12-01T10:00:00.030Z',
    endedAt: '2026-12-01T10:00:01.040Z',
  }
  const attempt: Attempt = { attempt: 1, leg: 0, outcome: 'completed', timing }
  expect(spansOf(attempt, 0).map(({ label, from, to }) => [label, from, to])).toEqual([
    ['Queued', 0, 40],
    ['Answering', 40, 1040],
  ])
})
