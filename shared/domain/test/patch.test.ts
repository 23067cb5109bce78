import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Json, JsonObject } from '../json.ts'
import { type Patch, PatchError, type PatchOperation, applyPatch } from '../patch.ts'

describe('applyPatch', () => {
  test.each<[string, Json, PatchOperation, Json]>([
    ['append joins text', { a: 'Hel' }, { op: 'append', path: '/a', value: 'lo' }, { a: 'Hello' }],
    ['append joins lists', { a: [1] }, { op: 'append', path: '/a', value: [2, 3] }, { a: [1, 2, 3] }],
    ['append works on the whole value', 'a', { op: 'append', path: '', value: 'b' }, 'ab'],
    ['append reaches into lists', [['x']], { op: 'append', path: '/0/0', value: 'y' }, [['xy']]],
    ['add sets a new key', {}, { op: 'add', path: '/a', value: 1 }, { a: 1 }],
    ['add replaces a key that is there', { a: 1 }, { op: 'add', path: '/a', value: 2 }, { a: 2 }],
    ['add inserts before an element', [1, 3], { op: 'add', path: '/1', value: 2 }, [1, 2, 3]],
    ['add at the length is at the end', [1], { op: 'add', path: '/1', value: 2 }, [1, 2]],
    ['add at "-" is at the end', { a: [1] }, { op: 'add', path: '/a/-', value: 2 }, { a: [1, 2] }],
    ['add of the whole value', { a: 1 }, { op: 'add', path: '', value: [] }, []],
    ['replace changes a key', { a: 1, b: 2 }, { op: 'replace', path: '/a', value: null }, { a: null, b: 2 }],
    ['replace changes an element', [1, 2], { op: 'replace', path: '/1', value: 'x' }, [1, 'x']],
    ['replace of the whole value', 1, { op: 'replace', path: '', value: { a: 1 } }, { a: 1 }],
    ['remove takes a key', { a: 1, b: 2 }, { op: 'remove', path: '/a' }, { b: 2 }],
    ['remove takes an element', [1, 2, 3], { op: 'remove', path: '/1' }, [1, 3]],
    ['~1 stands for a slash', { 'a/b': 1 }, { op: 'replace', path: '/a~1b', value: 2 }, { 'a/b': 2 }],
    ['~0 stands for a tilde', { '~': 1 }, { op: 'replace', path: '/~0', value: 2 }, { '~': 2 }],
    ['~01 is a tilde and a one', { '~1': 1 }, { op: 'replace', path: '/~01', value: 2 }, { '~1': 2 }],
    ['the empty key is a key', { '': 1 }, { op: 'replace', path: '/', value: 2 }, { '': 2 }],
    ['a number is a key of an object', { 0: 'a' }, { op: 'append', path: '/0', value: 'b' }, { 0: 'ab' }],
    ['"-" is a key of an object', { '-': 1 }, { op: 'replace', path: '/-', value: 2 }, { '-': 2 }],
  ])('%s', (_what, before, operation, after) => {
    expect(applyPatch(before, [operation])).toEqual(after)
  })

  test.each<[string, Json, PatchOperation]>([
    ['append of text to a list', { a: [] }, { op: 'append', path: '/a', value: 'x' }],
    ['append of a list to text', { a: '' }, { op: 'append', path: '/a', value: [1] }],
    ['append to a number', { a: 1 }, { op: 'append', path: '/a', value: 'x' }],
    ['append to what is absent', {}, { op: 'append', path: '/a', value: 'x' }],
    ['append at "-"', { a: [] }, { op: 'append', path: '/a/-', value: 'x' }],
    ['replace of what is absent', {}, { op: 'replace', path: '/a', value: 1 }],
    ['replace past the end', [1], { op: 'replace', path: '/1', value: 1 }],
    ['replace at "-"', [1], { op: 'replace', path: '/-', value: 1 }],
    ['remove of what is absent', {}, { op: 'remove', path: '/a' }],
    ['remove past the end', [1], { op: 'remove', path: '/1' }],
    ['remove of the whole value', {}, { op: 'remove', path: '' }],
    ['add past the length', [1], { op: 'add', path: '/2', value: 1 }],
    ['add under what is absent', {}, { op: 'add', path: '/a/b', value: 1 }],
    ['a way through text', { a: 'text' }, { op: 'add', path: '/a/0', value: 1 }],
    ['a way through null', { a: null }, { op: 'add', path: '/a/b', value: 1 }],
    ['an index with a leading zero', [1, 2], { op: 'replace', path: '/01', value: 1 }],
    ['a negative index', [1, 2], { op: 'replace', path: '/-1', value: 1 }],
    ['an index that is no number', [1, 2], { op: 'replace', path: '/length', value: 1 }],
    ['a pointer without its slash', { a: 1 }, { op: 'replace', path: 'a', value: 1 }],
    ['a tilde that escapes nothing', { '~2': 1 }, { op: 'replace', path: '/~2', value: 1 }],
    ['a tilde at the end', { '~': 1 }, { op: 'replace', path: '/~', value: 1 }],
    ['an inherited member', {}, { op: 'replace', path: '/toString', value: 1 }],
    ['the key __proto__', {}, { op: 'add', path: '/__proto__', value: {} }],
    ['the key __proto__ on the way', { a: {} }, { op: 'add', path: '/__proto__/polluted', value: true }],
    ['the key constructor', {}, { op: 'add', path: '/constructor', value: {} }],
    ['the key prototype', {}, { op: 'add', path: '/prototype', value: {} }],
  ])('%s is refused', (_what, before, operation) => {
    expect(() => applyPatch(before, [operation])).toThrow(PatchError)
  })

  test('operations apply one after another', () => {
    const patch: Patch = [
      { op: 'add', path: '/list', value: [] },
      { op: 'append', path: '/list', value: [{ text: '' }] },
      { op: 'append', path: '/list/0/text', value: 'hi' },
      { op: 'remove', path: '/old' },
    ]
    expect(applyPatch({ old: 1 }, patch)).toEqual({ list: [{ text: 'hi' }] })
  })

  test('what is not touched is shared, what is touched is new, and the value before is as it was', () => {
    const before = { kept: { deep: [1] }, list: [{ text: 'a' }, { text: 'b' }] }
    const copy = structuredClone(before)
    const after = applyPatch(before, [{ op: 'append', path: '/list/1/text', value: '!' }]) as typeof before
    expect(after.kept).toBe(before.kept)
    expect(after.list[0]).toBe(before.list[0])
    expect(after.list).not.toBe(before.list)
    expect(after.list[1]).toEqual({ text: 'b!' })
    expect(before).toEqual(copy)
  })

  test('a patch that fails half way leaves the value as it was', () => {
    const before = { a: 'x' }
    const patch: Patch = [
      { op: 'append', path: '/a', value: 'y' },
      { op: 'remove', path: '/gone' },
    ]
    expect(() => applyPatch(before, patch)).toThrow(PatchError)
    expect(before).toEqual({ a: 'x' })
  })

  test('each part is copied once for a patch, however many operations change it', () => {
    const members = Array.from({ length: 1_000 }, (_, i) => [`key${i}`, 0] as const)
    const list = Array.from({ length: 1_600 }, () => 0)
    const before: JsonObject = { wide: Object.fromEntries(members), list, kept: {} }
    const copy = structuredClone(before)
    const patch = members.flatMap(([key], i): Patch => [
      { op: 'replace', path: `/wide/${key}`, value: i },
      { op: 'add', path: `/wide/more${i}`, value: [] },
      { op: 'append', path: `/wide/more${i}`, value: [i] },
      { op: 'append', path: '/list', value: [i] },
      { op: 'remove', path: `/list/${list.length}` },
    ])
    let work = 0
    const after = applyPatch(before, patch, (more) => void (work += more)) as JsonObject
    const copied = members.length + list.length / 16 + Object.keys(before).length
    expect(work).toBeGreaterThan(copied + patch.length)
    // One element appended, and one taken away at the end, for each of a thousand.
    expect(work).toBeLessThanOrEqual(copied + patch.length + (3 * members.length) / 16)
    expect(after['kept']).toBe(before['kept'])
    expect(Object.keys(after['wide'] as JsonObject)).toHaveLength(2_000)
    expect(after['list']).toHaveLength(list.length)
    expect(before).toEqual(copy)
  })

  test('values of the patch itself stay as they were, also when later operations change them', () => {
    const value = { list: [1], deep: { a: 1 } }
    const patch: Patch = [
      { op: 'add', path: '/one', value },
      { op: 'add', path: '/two', value },
      { op: 'append', path: '/one/list', value: [2] },
      { op: 'remove', path: '/one/deep/a' },
    ]
    const copy = structuredClone(patch)
    expect(applyPatch({}, patch)).toEqual({ one: { list: [1, 2], deep: {} }, two: { list: [1], deep: { a: 1 } } })
    expect(patch).toEqual(copy)
  })

  test('many operations give what one after the other gives', () => {
    const pointers = fc.array(fc.constantFrom('a', 'b', '0', '1', '-'), { maxLength: 3 })
    const values = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>
    const operations = fc.record({
      op: fc.constantFrom('add', 'replace', 'remove', 'append'),
      path: pointers.map((path) => path.map((key) => `/${key}`).join('')),
      value: fc.oneof(values, fc.constantFrom<Json>({ a: { b: [] }, b: [[], 'x'] }, [{ a: [1] }], 'x')),
    })
    const step = (value: Json, operation: PatchOperation): Json => {
      try {
        return applyPatch(value, [operation])
      } catch {
        return value
      }
    }
    fc.assert(
      fc.property(fc.array(operations, { maxLength: 20 }), (generated) => {
        const start: Json = { a: { a: [{}], b: 'x' }, b: [[1], { a: [] }] }
        const fitting: Patch = []
        let expected: Json = start
        for (const operation of generated as Patch) {
          const next = step(expected, operation)
          if (next === expected) continue
          fitting.push(operation)
          expected = next
        }
        const copies = structuredClone({ start, fitting })
        expect(applyPatch(start, fitting)).toEqual(expected)
        expect({ start, fitting }).toEqual(copies)
      }),
    )
  })

  test('text in any pieces comes out whole', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (pieces) => {
        const patches = pieces.map((value): Patch => [{ op: 'append', path: '/content', value }])
        const whole = patches.reduce<Json>((value, patch) => applyPatch(value, patch), { content: '' })
        expect(whole).toEqual({ content: pieces.join('') })
      }),
    )
  })

  test('only PatchError is thrown, whatever the pointer', () => {
    const values = fc.jsonValue() as fc.Arbitrary<Json>
    const operations = fc.record({
      op: fc.constantFrom('add', 'replace', 'remove', 'append'),
      path: fc.string(),
      value: values,
    })
    fc.assert(
      fc.property(values, fc.array(operations), (value, patch) => {
        try {
          applyPatch(value, patch as Patch)
        } catch (error) {
          expect(error).toBeInstanceOf(PatchError)
        }
      }),
    )
  })
})
