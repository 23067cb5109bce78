import { type TurnStatus, adviceFor, liveRun, toTurns } from '../core/conversation.ts'
import { AT, answered, item, run, said, viewOf } from './samples.ts'

const calls = [{ callId: 'a', name: 'book_table', arguments: { seats: 4 } }]
const error = { code: 'agent_timeout', message: 'No answer.' }

test('a turn is what was said and what was answered', () => {
  const view = viewOf(
    ['run.completed', { run: run(1, { status: 'completed' }) }],
    ['item.created', { item: said(1, 'Hello') }],
    ['item.created', { item: answered(1, 'How do you do.') }],
  )
  const [turn, ...others] = toTurns(view)
  expect(others).toEqual([])
  expect(turn!.status).toBeNull()
  expect(turn!.entries.map((entry) => entry.kind === 'message' && [entry.role, entry.text])).toEqual([
    ['user', 'Hello'],
    ['assistant', 'How do you do.'],
  ])
})

test('turns are in the order of the runs, whatever came first', () => {
  const view = viewOf(
    ['item.created', { item: said(2, 'second') }],
    ['run.queued', { run: run(2) }],
    ['item.created', { item: said(1, 'first') }],
    ['run.started', { run: run(1, { status: 'running' }) }],
  )
  expect(toTurns(view).map((turn) => turn.runId)).toEqual(['run_1', 'run_2'])
})

test('items of a run that the view does not have are shown', () => {
  const view = viewOf(['item.created', { item: said(1, 'long ago') }])
  expect(toTurns(view)).toMatchObject([{ run: null, status: null, entries: [{ kind: 'message', text: 'long ago' }] }])
})

test('a tool’s call and result are one entry; two calls with the same id are two', () => {
  const call = (itemNo: number, callId: string) =>
    item(1, itemNo, { type: 'tool_call', callId, name: 'find', arguments: {} })
  const result = (itemNo: number, callId: string) => item(1, itemNo, { type: 'tool_result', callId, result: itemNo })
  const items = [call(2, 'a'), call(3, 'b'), result(4, 'b'), result(5, 'a'), call(6, 'a'), result(7, 'z')]
  const view = { ...viewOf(['run.started', { run: run(1, { status: 'running' }) }]), items }
  const pairs = toTurns(view)[0]!.entries.map((entry) =>
    entry.kind === 'tool' ? [entry.call?.itemNo, entry.result?.itemNo] : null,
  )
  expect(pairs).toEqual([
    [2, 5],
    [3, 4],
    [6, undefined],
    [undefined, 7],
  ])
})

test.each([
  ['another type', { type: 'reasoning', text: '…' }],
  ['no type', { a: 1 }],
  ['a message that is not text', { type: 'message', role: 'assistant', content: [] }],
  ['a message of another role', { type: 'message', role: 'system', content: 'x' }],
  ['a call without an id', { type: 'tool_call', name: 'find' }],
])('%s is shown as JSON', (_what, data) => {
  const view = viewOf(['item.created', { item: item(1, 2, data) }])
  expect(toTurns(view)[0]!.entries).toMatchObject([{ kind: 'json', item: { data } }])
})

test.each<[string, Parameters<typeof viewOf>, TurnStatus | null]>([
  ['queued', [['run.queued', { run: run(1) }]], { kind: 'waiting' }],
  ['running', [['run.started', { run: run(1, { status: 'running' }) }]], { kind: 'working' }],
  [
    'running with text that grows',
    [
      ['run.started', { run: run(1, { status: 'running' }) }],
      ['item.created', { item: answered(1, 'How', { status: 'streaming' }) }],
    ],
    null,
  ],
  [
    'running with a tool at work',
    [
      ['run.started', { run: run(1, { status: 'running' }) }],
      ['item.created', { item: item(1, 2, { type: 'tool_call', callId: 'a', name: 'find' }) }],
    ],
    null,
  ],
  [
    'waiting for another attempt',
    [
      ['run.queued', { run: run(1) }],
      ['run.retrying', { runId: 'run_1', nextAt: '2025-01-01T00:00:05Z', error }],
    ],
    { kind: 'retrying', nextAt: '2025-01-01T00:00:05Z', message: 'No answer.' },
  ],
  [
    'failed',
    [
      ['item.created', { item: said(1, 'Hello') }],
      ['run.failed', { run: run(1, { status: 'failed', error }) }],
    ],
    { kind: 'failed', error, again: 'Hello' },
  ],
  [
    'paused',
    [['run.paused', { run: run(1, { status: 'paused', pause: { pauseId: 'p', toolCalls: calls, expiresAt: AT } }) }]],
    { kind: 'paused', calls },
  ],
  ['cancelled', [['run.cancelled', { run: run(1, { status: 'cancelled' }) }]], { kind: 'cancelled' }],
  ['completed', [['run.completed', { run: run(1, { status: 'completed' }) }]], null],
])('a turn that is %s', (_what, events, status) => {
  expect(toTurns(viewOf(...events))[0]!.status).toEqual(status)
})

test('a run behind the live one waits for it', () => {
  const view = viewOf(['run.started', { run: run(1, { status: 'running' }) }], ['run.queued', { run: run(2) }])
  expect(toTurns(view).map((turn) => turn.status?.kind)).toEqual(['working', 'behind'])
  expect(liveRun(view)?.id).toBe('run_1')
})

test('every failure comes with something to do', () => {
  for (const code of ['version_incompatible', 'invalid_output', 'agent_unreachable', 'agent_timeout', 'never_seen'])
    expect(adviceFor({ code, message: '' })).toMatch(/\.$/)
})
