import { EMPTY_VIEW } from '@agentview/contracts'
import { isOutbox, matchItems, nextToSend, ofConversation, retarget, settle } from '../messages/outbox.ts'
import { sameJson } from '../messages/sameJson.ts'
import { itemOf, pendingOf } from './samples.ts'

const accepted = { item: itemOf(1, 0, 'hello'), seq: 5 }

test('messages are sent in order; one that was refused holds up nobody', () => {
  const [one, two, three] = [
    pendingOf('1', 'one', { accepted }),
    pendingOf('2', 'two', { refused: { code: 'schema_violation', message: 'no' } }),
    pendingOf('3', 'three'),
  ] as const
  expect(nextToSend([one, two, three])?.key).toBe('3')
  expect(nextToSend([one, two])).toBeNull()
})

test('a message is settled once the view has come to its acceptance, or when it went to another session', () => {
  const outbox = [pendingOf('1', 'hello', { accepted }), pendingOf('2', 'later')]
  expect(settle(outbox, 'ses_1', { ...EMPTY_VIEW, seq: 4 })).toBe(outbox)
  expect(settle(outbox, 'ses_1', { ...EMPTY_VIEW, seq: 5 }).map(({ key }) => key)).toEqual(['2'])
  expect(settle(outbox, 'ses_2', EMPTY_VIEW).map(({ key }) => key)).toEqual(['2'])
})

test('the messages of a draft follow the first one into its session', () => {
  const draft = { draft: 'd', session: { agent: 'echo' } }
  const outbox = [
    pendingOf('1', 'one', { target: draft }),
    pendingOf('2', 'two', { target: { ...draft, draft: 'other' } }),
  ]
  expect(ofConversation(outbox, null, 'd').map(({ key }) => key)).toEqual(['1'])
  const moved = retarget(outbox, 'd', 'ses_1')
  expect(ofConversation(moved, 'ses_1', 'd').map(({ key }) => key)).toEqual(['1'])
  expect(moved[1]).toBe(outbox[1])
})

describe('an item that came before the answer', () => {
  const sent = { sent: true, sentAfterRunNo: 1 } as const
  const keysOf = (...[messages, items]: Parameters<typeof matchItems>) =>
    [...matchItems(messages, items)].map(([id, { key }]) => `${id} ${key}`)

  test.each([
    ['is a message that says the same', [pendingOf('k', 'hi', sent)], [itemOf(2, 0, 'hi')], ['itm_2_0 k']],
    ['is not one of an earlier run', [pendingOf('k', 'hi', sent)], [itemOf(1, 0, 'hi')], []],
    ['is not one that was not sent', [pendingOf('k', 'hi')], [itemOf(2, 0, 'hi')], []],
    ['is not an answer that says the same', [pendingOf('k', 'hi', sent)], [itemOf(2, 1, 'hi')], []],
    [
      'is each message’s own',
      [pendingOf('a', 'hi', sent), pendingOf('b', 'hi', sent)],
      [itemOf(2, 0, 'hi'), itemOf(3, 0, 'hi')],
      ['itm_3_0 a', 'itm_2_0 b'],
    ],
    [
      'is known by its id afterwards',
      [pendingOf('k', 'hello', { ...sent, accepted })],
      [itemOf(1, 0, 'else')],
      ['itm_1_0 k'],
    ],
  ])('%s', (_what, messages, items, expected) => {
    expect(keysOf(messages, items)).toEqual(expected)
  })
})

test('what is kept of an outbox is told from what is not', () => {
  const outbox = [pendingOf('1', 'one')]
  expect(isOutbox(JSON.parse(JSON.stringify(outbox)))).toBe(true)
  for (const other of [null, {}, [{}], [{ ...outbox[0], target: {} }], ['text']]) expect(isOutbox(other)).toBe(false)
})

test('JSON is the same in any order of its members', () => {
  expect(sameJson({ a: [1, { b: null }], c: 'x' }, { c: 'x', a: [1, { b: null }] })).toBe(true)
  for (const [a, b] of [
    [{ a: 1 }, { a: 1, b: 2 }],
    [{ a: 1 }, { b: 1 }],
    [
      [1, 2],
      [2, 1],
    ],
    [[], {}],
    [null, {}],
  ] as const)
    expect(sameJson(a as never, b as never)).toBe(false)
})
