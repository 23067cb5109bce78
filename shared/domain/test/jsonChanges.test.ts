import { expect, test } from '@jest/globals'
import { jsonChanges } from '../jsonChanges.ts'

const told = (from: unknown, to: unknown) => jsonChanges(from, to).map(({ kind, path }) => `${kind} ${path}`)

test.each<[string, unknown, unknown, string[]]>([
  ['the same', { a: [1, { b: null }] }, { a: [1, { b: null }] }, []],
  ['keys in another order', { a: 1, b: 2 }, { b: 2, a: 1 }, []],
  ['an undefined member', { a: 1 }, { a: 1, b: undefined }, []],
  ['a member more', { a: 1 }, { a: 1, b: {} }, ['added /b']],
  ['a member less', { a: { b: 1, c: 2 } }, { a: { c: 2 } }, ['removed /a/b']],
  ['a member set to null', { a: 1 }, { a: null }, ['changed /a']],
  ['a value deep down', { a: [{ b: 1 }] }, { a: [{ b: 2 }] }, ['changed /a/0/b']],
  ['an element less', [1, 2, 3], [1, 2], ['removed /2']],
  ['elements in their order', Array(12).fill(1), [], Array.from({ length: 12 }, (_, i) => `removed /${i}`)],
  ['an array for an object', { a: [] }, { a: {} }, ['changed /a']],
  ['a key that a pointer escapes', { 'a/b': 1 }, { 'a/b': 2 }, ['changed /a~1b']],
  ['a key of every object', {}, { toString: 1 }, ['added /toString']],
  ['another value altogether', 1, '1', ['changed ']],
])('%s', (_what, from, to, expected) => {
  expect(told(from, to)).toEqual(expected)
})
