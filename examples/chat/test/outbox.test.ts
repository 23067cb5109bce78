import {
  type Outbox,
  acceptanceOf,
  change,
  forAnotherSession,
  isOutbox,
  newestRunNo,
  nextToSend,
  settle,
  stillUnseen,
} from '../core/outbox.ts'
import { restoreOutbox } from '../core/kept.ts'
import { run, said, viewOf } from './samples.ts'

const refused = { code: 'schema_violation', message: 'No.' }
const accepted = (runNo: number, seq: number) => ({ itemId: `itm_${runNo}_1`, runNo, seq })
const message = (idempotencyKey: string, text = 'Hello') => ({ idempotencyKey, text })
const keysOf = (outbox: Outbox) => outbox.map(({ idempotencyKey }) => idempotencyKey)

const empty = viewOf()
const withHello = viewOf(['item.created', { item: said(1, 'Hello') }], ['run.queued', { run: run(1) }])

test('the oldest that is neither taken nor refused is sent next', () => {
  const outbox = [
    { ...message('a'), accepted: accepted(1, 2) },
    { ...message('b'), refused },
    message('c'),
    message('d'),
  ]
  expect(nextToSend(outbox)?.idempotencyKey).toBe('c')
  expect(nextToSend(outbox.slice(0, 2))).toBeNull()
})

test('a taken message leaves the outbox once the view has come to its event', () => {
  const outbox = [{ ...message('a'), accepted: accepted(1, 2) }, message('b')]
  expect(settle(outbox, empty)).toBe(outbox)
  expect(keysOf(settle(outbox, withHello))).toEqual(['b'])
})

test('a taken message is shown until its item is', () => {
  const outbox = [{ ...message('a'), accepted: accepted(1, 2) }]
  expect(keysOf(stillUnseen(outbox, empty))).toEqual(['a'])
  expect(stillUnseen(outbox, withHello)).toEqual([])
})

test('an item that is here before its ack hides the message, and only one message', () => {
  const outbox = [
    { ...message('a'), sentAfterRunNo: 0 },
    { ...message('b'), sentAfterRunNo: 0 },
  ]
  expect(keysOf(stillUnseen(outbox, withHello))).toEqual(['b'])
})

test.each([
  ['has not been sent', message('a')],
  ['was sent after that run', { ...message('a'), sentAfterRunNo: 1 }],
  ['has another text', { ...message('a', 'Bye'), sentAfterRunNo: 0 }],
])('an item with the same text does not hide a message that %s', (_what, pending) => {
  expect(stillUnseen([pending], withHello)).toHaveLength(1)
})

test('the newest run is the view’s or that of a message it does not show yet', () => {
  expect(newestRunNo([], empty)).toBe(0)
  expect(newestRunNo([message('a')], withHello)).toBe(1)
  expect(newestRunNo([{ ...message('a'), accepted: accepted(7, 20) }], withHello)).toBe(7)
})

test('a change is to one message', () => {
  const outbox = change([message('a'), message('b')], 'b', { refused })
  expect(outbox).toEqual([message('a'), { ...message('b'), refused }])
})

test('an ack without item or seq says nothing', () => {
  expect(acceptanceOf({ item: said(3, 'x'), run: run(3), seq: 8 })).toEqual({ itemId: 'itm_3_1', runNo: 3, seq: 8 })
  for (const body of [null, {}, { item: {}, seq: 1 }, { item: said(1, 'x') }]) expect(acceptanceOf(body)).toBeNull()
})

test('another session gets the texts under new keys', () => {
  let count = 0
  const outbox = [
    { ...message('a'), sentAfterRunNo: 3 },
    { ...message('b'), refused },
  ]
  expect(forAnotherSession(outbox, () => `new ${++count}`)).toEqual([message('new 1'), message('new 2')])
})

test('a kept outbox goes on under its own keys only in its own session', () => {
  const kept = { sessionId: 'ses_1', messages: [message('a')] }
  expect(restoreOutbox(kept, 'ses_1', () => 'new')).toEqual([message('a')])
  expect(restoreOutbox(kept, 'ses_2', () => 'new')).toEqual([message('new')])
  expect(restoreOutbox(null, 'ses_1', () => 'new')).toEqual([])
})

test('what is kept is not trusted', () => {
  expect(isOutbox([message('a')])).toBe(true)
  for (const value of [null, {}, [1], [{ text: 'x' }]]) expect(isOutbox(value)).toBe(false)
})
