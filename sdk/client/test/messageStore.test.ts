import { MessageStore, changedMessages } from '../messages/messageStore.ts'
import { itemOf, pendingOf } from './samples.ts'

const items = [itemOf(1, 0, 'hello'), itemOf(1, 1, 'hi'), itemOf(2, 0, 'more')]

test('the list is the same until something changes, and a change touches one message only', () => {
  const store = new MessageStore()
  const list = store.list(items, [])
  expect(store.list(items, [])).toBe(list)
  const grown = items.with(1, itemOf(1, 1, 'hi there'))
  const next = store.list(grown, [])
  expect(next.map(({ text }) => text)).toEqual(['hello', 'hi there', 'more'])
  expect([next[0] === list[0], next[1] === list[1], next[2] === list[2]]).toEqual([true, false, true])
  expect(changedMessages(list, next)).toEqual([next[1]])
})

test('a message that was sent from here keeps its key when it is an item', () => {
  const store = new MessageStore()
  const queued = pendingOf('k', 'more')
  expect(store.list(items.slice(0, 2), [queued]).at(-1)).toMatchObject({ key: 'k', id: null, status: 'queued' })
  const sending = { ...queued, sent: true, sentAfterRunNo: 1 } as const
  expect(store.list(items.slice(0, 2), [sending]).at(-1)).toMatchObject({ key: 'k', status: 'sending' })
  // Its event is here before its answer.
  expect(store.list(items, [sending]).map(({ key, id }) => [key, id])).toEqual([
    ['itm_1_0', 'itm_1_0'],
    ['itm_1_1', 'itm_1_1'],
    ['k', 'itm_2_0'],
  ])
  expect(store.list(items, []).at(-1)).toMatchObject({ key: 'k', id: 'itm_2_0', status: 'complete' })
})

test('so does one whose answer came, and that is settled before anybody looked', () => {
  const store = new MessageStore()
  store.know([pendingOf('k', 'more', { accepted: { item: items[2]!, seq: 9 } })])
  expect(store.list(items, []).at(-1)?.key).toBe('k')
})

test.each([
  ['[1,2,3]', '[1,2,3]', '[]'],
  ['[1,2,3]', '[1,9,3]', '[9]'],
  ['[1,2,3]', '[0,1,2,3]', '[0]'],
  ['[1,2,3]', '[1,3]', '[]'],
  ['[1,2,3]', '[3,2,4]', '[4]'],
  ['[]', '[1]', '[1]'],
])('of %s, then %s, changed are %s', (before, after, changed) => {
  const made = new Map(
    Array.from({ length: 10 }, (_, number) => [number, new MessageStore().list([itemOf(number, 0, '')], [])[0]!]),
  )
  const list = (text: string) => (JSON.parse(text) as number[]).map((number) => made.get(number)!)
  expect(changedMessages(list(before), list(after))).toEqual(list(changed))
})
