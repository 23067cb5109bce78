import { expect, test } from '@jest/globals'
import { Recent } from '../recent.ts'

test('the values that were used last are kept, the others go', () => {
  const recent = new Recent<number>(2)
  recent.set('a', 1)
  recent.set('b', 2)
  expect(recent.get('a')).toBe(1)
  recent.set('c', 3)
  expect(['a', 'b', 'c'].map((key) => recent.get(key))).toEqual([1, undefined, 3])
})

test('a value that is set again takes the old one’s place', () => {
  const recent = new Recent<number>(2)
  recent.set('a', 1)
  recent.set('b', 2)
  recent.set('a', 3)
  recent.set('c', 4)
  expect(['a', 'b', 'c'].map((key) => recent.get(key))).toEqual([3, undefined, 4])
})

test('what is deleted is gone', () => {
  const recent = new Recent<number>(2)
  recent.set('a', 1)
  recent.delete('a')
  expect(recent.get('a')).toBeUndefined()
})
