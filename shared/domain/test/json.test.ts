import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { escapePointer, findJsonFault, isObject } from '../json.ts'
import { applyPatch } from '../patch.ts'

/** `levels` arrays in each other, as text and not by hand: a literal of that depth can't be written. */
function nested(levels: number): unknown {
  return JSON.parse('['.repeat(levels) + ']'.repeat(levels))
}

describe('what can not be stored', () => {
  test('ordinary JSON has no fault', () => {
    const value = { text: 'Grüße 👋🏽', list: [1, null, true, { a: [] }], 'a/b': { '~': 'x' } }
    expect(findJsonFault(value, 64)).toBeNull()
  })

  test('generated JSON of well-formed text has no fault but a forbidden key', () => {
    const values = fc.jsonValue({ stringUnit: 'grapheme', maxDepth: 5 })
    fc.assert(
      fc.property(values, (value) => {
        const fault = findJsonFault(JSON.parse(JSON.stringify(value)), 64)
        expect(fault?.message ?? 'has the forbidden key').toContain('has the forbidden key')
      }),
    )
  })

  test('nesting is allowed up to the given depth and no further', () => {
    expect(findJsonFault(nested(64), 64)).toBeNull()
    expect(findJsonFault(nested(65), 64)).toMatchObject({ message: 'is nested deeper than 64 levels' })
    expect(findJsonFault({ a: { b: {} } }, 2)).toEqual({ path: '/a/b', message: 'is nested deeper than 2 levels' })
  })

  test('a hundred thousand levels overflow nothing', () => {
    const fault = findJsonFault(nested(100_000), 64)
    expect(fault).toMatchObject({ message: 'is nested deeper than 64 levels' })
    expect(fault!.path.length).toBeLessThanOrEqual(200)
  })

  test.each([
    ['NUL', { a: ['x\u0000'] }, '/a/0'],
    ['a lone high surrogate', { a: 'x\ud83d' }, '/a'],
    ['a lone low surrogate', ['\udc4bx'], '/0'],
    ['two high surrogates before a low one', { t: '\ud83d\ud83d\udc4b' }, '/t'],
    ['a high surrogate before two low ones', { t: '\ud83d\udc4b\udc4b' }, '/t'],
    ['a NUL in a key', { 'a\u0000': 1 }, ''],
    ['a lone surrogate in a key', { list: [{ '\ud83d': 1 }] }, '/list/0'],
  ])('%s is a fault, with where it is', (_what, value, path) => {
    expect(findJsonFault(value, 64)?.path).toBe(path)
  })

  test('a string alone is checked as well', () => {
    expect(findJsonFault('\u0000', 64)?.path).toBe('')
    expect(findJsonFault('fine', 64)).toBeNull()
  })

  test.each(['__proto__', 'constructor', 'prototype'])('the key %s is forbidden at any depth', (key) => {
    const fault = findJsonFault(JSON.parse(`{"a":[{"${key}":{"polluted":true}}]}`), 64)
    expect(fault).toEqual({ path: '/a/0', message: `has the forbidden key "${key}"` })
  })

  test('the path of a fault is a JSON Pointer, escaped', () => {
    expect(findJsonFault({ 'a/b': { '~c': '\u0000' } }, 64)?.path).toBe('/a~1b/~0c')
  })

  test('an escaped segment names its key again, whatever the key', () => {
    fc.assert(
      fc.property(fc.string(), (key) => {
        fc.pre(!['__proto__', 'constructor', 'prototype'].includes(key))
        const before = Object.fromEntries([[key, 'before']])
        expect(applyPatch(before, [{ op: 'replace', path: `/${escapePointer(key)}`, value: 'after' }])).toEqual(
          Object.fromEntries([[key, 'after']]),
        )
      }),
    )
  })

  test('only plain objects count as objects', () => {
    expect([{}, { a: 1 }].every(isObject)).toBe(true)
    expect([null, [], 'x', 1, undefined].some(isObject)).toBe(false)
  })
})
