import type { EventData, EventType } from '@shared/domain/events'
import type { Item, Run, Session } from '@shared/domain/objects'
import { EventLog } from '../client/eventLog.ts'

const at = '2030-01-01T00:00:00.000Z'
const session = { id: 'ses_1', state: null } as Session
const run = { id: 'run_1', sessionId: 'ses_1', runNo: 1, status: 'completed' } as Run
const message = { id: 'itm_1', runId: 'run_1', runNo: 1, itemNo: 1, status: 'streaming' } as Item

/** A frame as the server sends it; `changes` spoil it. */
function frame<T extends EventType>(seq: number, type: T, data: EventData[T], changes: object = {}) {
  const event = { seq, type, sessionId: 'ses_1', runId: 'run_1', at, data }
  return { id: String(seq), event: type, data: JSON.stringify(event), ...changes }
}

let log: EventLog
beforeEach(() => {
  log = new EventLog('ses_1', 0)
  log.take(frame(1, 'session.created', { session }), 10)
})

test('the first words and the end of a run are timed', () => {
  const item = { ...message, kind: 'output', data: { type: 'message', role: 'assistant', content: '' } } as Item
  log.take(frame(2, 'item.created', { item }), 20)
  const patch = [{ op: 'append', path: '/content', value: 'Hi' }] as const
  log.take(frame(3, 'item.delta', { itemId: item.id, patch: [...patch] }), 30)
  log.take(frame(4, 'item.delta', { itemId: item.id, patch: [...patch] }), 40)
  log.take(frame(5, 'run.completed', { run }), 50)
  expect(log.seen('run_1')).toEqual({ firstTextAt: 30, endedAt: 50 })
  expect(log.view.items[0]?.data.content).toBe('HiHi')
  expect(log.faults).toEqual([])
})

test('an answer that comes as a whole counts as first words; an input does not', () => {
  const data = { type: 'message', content: 'Hi' }
  log.take(frame(2, 'item.created', { item: { ...message, kind: 'input', data } as Item }), 20)
  expect(log.seen('run_1')).toEqual({})
  log.take(frame(3, 'item.created', { item: { ...message, id: 'itm_2', kind: 'output', data } as Item }), 30)
  expect(log.seen('run_1')).toEqual({ firstTextAt: 30 })
})

test('a run that a snapshot shows as ended has ended when it came', () => {
  log.take(frame(9, 'snapshot', { session, items: [], runs: [run] }), 70)
  expect(log.seen('run_1')).toEqual({ endedAt: 70 })
  expect(log.faults).toEqual([])
})

test('a snapshot from before what was seen is a fault', () => {
  log.take(frame(2, 'custom', { name: 'x', data: null }), 20)
  log.take(frame(1, 'snapshot', { session, items: [], runs: [] }), 30)
  expect(log.faults).toEqual([{ what: 'snapshot goes back', expected: false, got: true }])
})

test('a second terminal event of a run is a fault', () => {
  log.take(frame(2, 'run.completed', { run }), 20)
  log.take(frame(3, 'run.failed', { run: { ...run, status: 'failed' } }), 30)
  expect(log.faults).toEqual([{ what: 'terminal events of run_1', expected: 1, got: 2 }])
})

test.each([
  ['another id', { id: '7' }, 'id of the frame'],
  ['another name', { event: 'custom' }, 'name of the frame'],
  ['no JSON', { data: '{' }, 'frame of the stream'],
  ['no event', { data: '{"seq":2}' }, 'frame of the stream'],
])('a frame with %s is a fault', (_what, changes, fault) => {
  log.take(frame(2, 'run.completed', { run }, changes), 20)
  expect(log.faults.map(({ what }) => what)).toEqual([fault])
})

test('an event of another session is a fault', () => {
  const data = JSON.stringify({ seq: 2, type: 'custom', sessionId: 'ses_2', at, data: {} })
  log.take({ id: '2', event: 'custom', data }, 20)
  expect(log.faults).toEqual([{ what: 'session of an event', expected: 'ses_1', got: 'ses_2' }])
})

test('an event without what its type promises is a fault, and the next one is read', () => {
  log.take(frame(2, 'run.completed', {} as { run: Run }), 20)
  log.take(frame(3, 'custom', { name: 'x', data: null }), 30)
  expect(log.faults.map(({ what }) => what)).toEqual(['event that can not be folded', 'gap in the events (custom)'])
})
