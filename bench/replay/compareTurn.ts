import type { Accepted } from '../client/calls.ts'
import type { RecordedTurn } from './conversations.ts'
import type { SessionView } from '@shared/domain/foldSession'
import type { Item, ItemKind } from '@shared/domain/objects'
import { type Difference, difference } from '../client/difference.ts'

interface ExpectedItem {
  kind: ItemKind
  data: object
}

/**
 * How a turn, as a client has folded it, differs from its recording: the run completed and is the session's `turnNo`th
 * (so nothing was accepted twice), and its items are the recorded ones, each exactly once and in order.
 */
export function compareTurn(
  view: SessionView,
  accepted: Pick<Accepted, 'runId' | 'itemId'>,
  turn: RecordedTurn,
  turnNo: number,
): Difference[] {
  const run = view.runs.find((run) => run.id === accepted.runId)
  const items = view.items.filter((item) => item.runId === accepted.runId)
  return [
    ...difference(
      'run',
      { status: 'completed' },
      run && { status: run.status, ...(run.error && { error: run.error }) },
    ),
    ...difference('runs in the session', turnNo, view.runs.length),
    ...difference('id of the input', accepted.itemId, items[0]?.id),
    ...compareItems(items, expectedItems(turn, items)),
  ]
}

function compareItems(items: Item[], expected: ExpectedItem[]): Difference[] {
  const shape = difference(
    'items of the run',
    expected.map((item) => item.kind),
    items.map((item) => item.kind),
  )
  // Without an equal shape, comparing one by one would only repeat that everything has moved.
  if (shape.length > 0) return shape
  return items.flatMap((item, index) => [
    ...difference(`status of item ${index + 1} (${item.kind})`, 'complete', item.status),
    ...difference(`item ${index + 1} (${item.kind})`, expected[index]?.data, item.data),
  ])
}

/** The recording has no call ids: any will do, if a call has one and its result has the same. */
function expectedItems(turn: RecordedTurn, items: Item[]): ExpectedItem[] {
  const steps = turn.toolCalls.flatMap((call, index): ExpectedItem[] => {
    const given = items[1 + 2 * index]?.data.callId
    const callId = typeof given === 'string' ? given : '(any text)'
    return [
      { kind: 'step', data: { type: 'tool_call', callId, name: call.name, arguments: call.arguments } },
      { kind: 'step', data: { type: 'tool_result', callId, result: call.result } },
    ]
  })
  return [
    { kind: 'input', data: { type: 'message', role: 'user', content: turn.user } },
    ...steps,
    { kind: 'output', data: { type: 'message', role: 'assistant', content: turn.assistant } },
  ]
}
