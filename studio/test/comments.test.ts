import type { Comment, Member } from '../api/objects.ts'
import { mentionBefore, mentionedIn, splitMentions, suggestMembers } from '../pages/session/comments/mentions.ts'
import { openThreads, threadsOf } from '../pages/session/comments/threads.ts'

const member = (id: string, name: string, removed?: true): Member => ({
  id,
  name,
  role: 'reviewer',
  createdAt: '',
  ...(removed && { removed }),
})
const members = [member('1', 'Ann'), member('2', 'Ann Lee'), member('3', 'Bo Smith'), member('4', 'Anna', true)]

test.each([
  ['hello @', 7, ''],
  ['hello @An', 9, 'An'],
  ['@Ann Le', 7, 'Ann Le'],
  ['mail a@b', 8, null],
  ['hello @Ann and so', 5, null],
  ['@ann\nnext', 9, null],
])('in %j at %d the name being typed is %j', (text, caret, typed) => {
  expect(mentionBefore(text, caret)?.typed ?? null).toBe(typed)
})

test('members are suggested by any word of their name, those who left are not', () => {
  expect(suggestMembers(members, 'an').map(({ id }) => id)).toEqual(['1', '2'])
  expect(suggestMembers(members, 'smi').map(({ id }) => id)).toEqual(['3'])
})

test('of two names the longer is meant, and each is named once', () => {
  expect(mentionedIn('@Ann Lee and @Bo Smith, @Ann Lee again', members)).toEqual(['2', '3'])
  expect(mentionedIn('@Ann, look', members)).toEqual(['1'])
  expect(mentionedIn('nobody @Charly', members)).toEqual([])
})

test('the pieces of a text are the text', () => {
  const text = '@Bo Smith: 3 < 4 @x @Ann'
  expect(
    splitMentions(text, members)
      .map((piece) => piece.text)
      .join(''),
  ).toBe(text)
})

let no = 0
function comment(id: string, more: Partial<Comment> = {}): Comment {
  no += 1
  return {
    id,
    sessionId: 's',
    author: { id: '1', name: 'Ann' },
    body: id,
    mentions: [],
    createdAt: '',
    no,
    change: no,
    ...more,
  }
}

test('replies stand with their comment; a thread of which all is deleted is gone, else its place stays', () => {
  const comments = [
    comment('b', { itemId: 'i' }),
    comment('b1', { threadId: 'b' }),
    comment('a', { itemId: 'i', deletedAt: 'x' }),
    comment('c', { itemId: 'i', deletedAt: 'x' }),
    comment('c1', { threadId: 'c' }),
    comment('d', { itemId: 'i', resolvedAt: 'x' }),
  ]
  const threads = threadsOf(comments.toReversed())
  expect(threads.map(({ root, replies }) => [root.id, replies.map(({ id }) => id)])).toEqual([
    ['b', ['b1']],
    ['c', ['c1']],
    ['d', []],
  ])
  expect(openThreads(threads).get('i')).toBe(2)
})
