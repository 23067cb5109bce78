import { describe, expect, test } from '@jest/globals'
import { FrameCheck } from '../load/frameCheck.ts'
import { FrameStore } from '../load/frameStore.ts'

const SESSION = 'ses_1'
const TEXT = 'Hello there '

/** What a reader gets of one good run. */
function goodRun(runId: string, from: number) {
  const item = { id: `itm_${runId}`, kind: 'output' }
  const events = [
    { type: 'item.created', data: { item: { id: `itm_in_${runId}`, kind: 'input', data: { content: 'Hi' } } } },
    { type: 'run.queued', data: { run: {} } },
    { type: 'item.created', data: { item: { ...item, data: { content: 'Hello ' } } } },
    {
      type: 'item.delta',
      data: { itemId: item.id, patch: [{ op: 'append', path: '/content', value: 'there ' }] },
    },
    { type: 'item.completed', data: { item: { ...item, data: { content: TEXT } } } },
    { type: 'run.completed', data: { run: {} } },
  ]
  return events.map((event, index) => ({ seq: from + index, sessionId: SESSION, runId, ...event }))
}

type Frames = ReturnType<typeof goodRun>

function check(frames: Frames): FrameCheck {
  const checked = new FrameCheck(SESSION, 0)
  for (const frame of frames) checked.take(JSON.stringify(frame))
  checked.expect({ runId: 'run_1', text: TEXT })
  checked.expectNoMore()
  return checked
}

function changed(change: (frames: Frames) => void): Frames {
  const frames = goodRun('run_1', 1)
  change(frames)
  return frames
}

test('a good run has no faults, and is counted', () => {
  const { faults, counts } = check(goodRun('run_1', 1))
  expect(faults).toEqual([])
  expect(counts).toEqual({ acknowledged: 1, completed: 1, events: 6, deltas: 1 })
})

test.each<[string, string, (frames: Frames) => void]>([
  ['a lost event', 'seq 4 was expected', (frames) => frames.splice(3, 1)],
  ['an event twice', 'seq 3 was expected', (frames) => frames.splice(1, 0, frames[1]!)],
  ['an event too early', 'seq 2 was expected', (frames) => frames.splice(1, 0, ...frames.splice(2, 1))],
  [
    'a wrong final text',
    'the text of run_1 differs',
    (frames) => (frames[4] = withContent(frames[4]!, 'Hello  there ')),
  ],
  ['a delta too few', 'run_1 grew to something else', (frames) => (frames[2] = withContent(frames[2]!, ''))],
  ['a run that failed', 'was acknowledged and ended 1 times: run.failed', (frames) => (frames[5]!.type = 'run.failed')],
  ['a run without an end', 'was acknowledged and ended 0 times', (frames) => frames.pop()],
  ['two ends', 'was acknowledged and ended 2 times', (frames) => frames.push({ ...frames[5]!, seq: 7 })],
  ['an event of another session', 'an event is of another session', (frames) => (frames[1]!.sessionId = 'ses_2')],
  ['a run that nobody asked for', 'run_2 was not acknowledged', (frames) => frames.push(...goodRun('run_2', 7))],
])('%s is found', (_what, fault, change) => {
  expect(check(changed(change)).faults.join('\n')).toContain(fault)
})

describe('what was kept is checked in the middle of a run that was acknowledged', () => {
  function checkedAfter(count: number, frames: Frames): FrameCheck {
    const checked = new FrameCheck(SESSION, 0)
    for (const frame of frames.slice(0, count)) checked.take(JSON.stringify(frame))
    checked.expect({ runId: 'run_1', text: TEXT })
    for (const frame of frames.slice(count)) checked.take(JSON.stringify(frame))
    checked.expectNoMore()
    return checked
  }

  test.each([0, 1, 2, 3, 4, 5, 6])('after %i of its 6 frames: it is judged by all of them', (count) => {
    const { faults, counts } = checkedAfter(count, goodRun('run_1', 1))
    expect(faults).toEqual([])
    expect(counts).toEqual({ acknowledged: 1, completed: 1, events: 6, deltas: 1 })
  })

  test.each([
    ['never ends', 'run_1 was acknowledged and ended 0 times', goodRun('run_1', 1).slice(0, 5)],
    ['ends twice', 'run_1 was not acknowledged', changed((frames) => frames.push({ ...frames[5]!, seq: 7 }))],
    [
      'fails',
      'run_1 was acknowledged and ended 1 times: run.failed',
      changed((frames) => (frames[5]!.type = 'run.failed')),
    ],
  ])('and %s: that is found', (_what, fault, frames) => {
    expect(checkedAfter(3, frames).faults.join('\n')).toContain(fault)
  })
})

function withContent(frame: Frames[number], content: string): Frames[number] {
  return { ...frame, data: { item: { id: 'itm_run_1', kind: 'output', data: { content } } } }
}

test('frames are kept in order, whatever their length, and only once', () => {
  const store = new FrameStore()
  const frames = ['{}', 'ü'.repeat(200_000), '', ...Array.from({ length: 1_000 }, (_, index) => `${index}`.repeat(200))]
  for (const frame of frames) store.add(Buffer.from(frame))
  expect([...store.take()]).toEqual(frames)
  expect(store.bytes).toBe(0)
  expect([...store.take()]).toEqual([])
})
