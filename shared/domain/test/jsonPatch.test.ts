import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Json } from '../json.ts'
import { type JsonPatchOperation, applyJsonPatch } from '../jsonPatch.ts'
import { PatchError, applyPatch } from '../patch.ts'

describe('a JSON Patch fits (RFC 6902, appendix A):', () => {
  test.each<[string, Json, JsonPatchOperation[], Json]>([
    ['A.1 adding a member', { foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }], { baz: 'qux', foo: 'bar' }],
    [
      'A.2 adding an element',
      { foo: ['bar', 'baz'] },
      [{ op: 'add', path: '/foo/1', value: 'qux' }],
      { foo: ['bar', 'qux', 'baz'] },
    ],
    ['A.3 removing a member', { baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
    [
      'A.4 removing an element',
      { foo: ['bar', 'qux', 'baz'] },
      [{ op: 'remove', path: '/foo/1' }],
      { foo: ['bar', 'baz'] },
    ],
    [
      'A.5 replacing a value',
      { baz: 'qux', foo: 'bar' },
      [{ op: 'replace', path: '/baz', value: 'boo' }],
      { baz: 'boo', foo: 'bar' },
    ],
    [
      'A.6 moving a value',
      { foo: { bar: 'baz', waldo: 'fred' }, qux: { corge: 'grault' } },
      [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }],
      { foo: { bar: 'baz' }, qux: { corge: 'grault', thud: 'fred' } },
    ],
    [
      'A.7 moving an element',
      { foo: ['all', 'grass', 'cows', 'eat'] },
      [{ op: 'move', from: '/foo/1', path: '/foo/3' }],
      { foo: ['all', 'cows', 'eat', 'grass'] },
    ],
    [
      'A.8 testing a value',
      { baz: 'qux', foo: ['a', 2, 'c'] },
      [
        { op: 'test', path: '/baz', value: 'qux' },
        { op: 'test', path: '/foo/1', value: 2 },
      ],
      { baz: 'qux', foo: ['a', 2, 'c'] },
    ],
    [
      'A.10 adding a nested object',
      { foo: 'bar' },
      [{ op: 'add', path: '/child', value: { grandchild: {} } }],
      { foo: 'bar', child: { grandchild: {} } },
    ],
    ['A.14 ~ escapes', { '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: 10 }], { '/': 9, '~1': 10 }],
    [
      'A.16 adding an array',
      { foo: ['bar'] },
      [{ op: 'add', path: '/foo/-', value: ['abc', 'def'] }],
      { foo: ['bar', ['abc', 'def']] },
    ],
    [
      'copying a value',
      { a: { b: [1] } },
      [
        { op: 'copy', from: '/a/b', path: '/c' },
        { op: 'add', path: '/c/-', value: 2 },
      ],
      { a: { b: [1] }, c: [1, 2] },
    ],
    ['copying the whole', { a: 1 }, [{ op: 'copy', from: '', path: '/b' }], { a: 1, b: { a: 1 } }],
    ['moving to itself', { a: [1, 2] }, [{ op: 'move', from: '/a/0', path: '/a/0' }], { a: [1, 2] }],
    [
      'testing without regard to order',
      { a: { b: 1, c: [null] } },
      [{ op: 'test', path: '', value: { a: { c: [null], b: 1 } } }],
      { a: { b: 1, c: [null] } },
    ],
  ])('%s', (_what, before, operations, after) => {
    const untouched = structuredClone(before)
    const changed = applyJsonPatch(before, operations)
    expect(changed.value).toEqual(after)
    expect(before).toEqual(untouched)
    // The same as a patch of ours.
    expect(applyPatch(before, changed.patch)).toEqual(after)
  })
})

describe('a JSON Patch does not fit:', () => {
  test.each<[string, Json, JsonPatchOperation[]]>([
    ['A.9 testing a value that is another', { baz: 'qux' }, [{ op: 'test', path: '/baz', value: 'bar' }]],
    ['A.12 adding to what is absent', { foo: 'bar' }, [{ op: 'add', path: '/baz/bat', value: 'qux' }]],
    ['A.15 comparing text and number', { '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: '10' }]],
    ['testing what is absent', {}, [{ op: 'test', path: '/a', value: null }]],
    ['testing a list against a longer one', [1], [{ op: 'test', path: '', value: [1, 2] }]],
    ['testing an object against one with another key', { a: 1 }, [{ op: 'test', path: '', value: { b: 1 } }]],
    ['moving into itself', { a: { b: {} } }, [{ op: 'move', from: '/a', path: '/a/b/c' }]],
    ['moving what is absent', {}, [{ op: 'move', from: '/a', path: '/b' }]],
    ['copying what is behind the end', [1], [{ op: 'copy', from: '/1', path: '/0' }]],
    ['copying by an index with a zero before it', [1, 2], [{ op: 'copy', from: '/01', path: '/0' }]],
    ['copying what an object only inherits', {}, [{ op: 'copy', from: '/toString', path: '/a' }]],
    ['what is no pointer', {}, [{ op: 'copy', from: 'a', path: '/a' }]],
    ['a prototype', {}, [{ op: 'copy', from: '/__proto__', path: '/a' }]],
  ])('%s', (_what, before, operations) => {
    const untouched = structuredClone(before)
    expect(() => applyJsonPatch(before, [{ op: 'add', path: '', value: before }, ...operations])).toThrow(PatchError)
    expect(before).toEqual(untouched)
  })
})

test('copies of copies are told before they are made, so that their size can be bounded', () => {
  const sizes: number[] = []
  const double: JsonPatchOperation[] = Array.from({ length: 30 }, (_, index) => ({
    op: 'copy',
    from: '',
    path: `/${index}`,
  }))
  const grow = (_part: unknown, value: Json) => {
    sizes.push(JSON.stringify(value).length)
    if (sizes.at(-1)! > 10_000) throw new Error('too large')
  }
  expect(() => applyJsonPatch({ a: 'x' }, double, undefined, grow)).toThrow('too large')
  expect(sizes.length).toBeLessThan(15)
})

test('what it is the same as, as a patch of ours, gives the same for any operations', () => {
  const key = fc.constantFrom('a', 'b', '0', '1', '-')
  const pointer = fc.array(key, { maxLength: 3 }).map((keys) => keys.map((one) => `/${one}`).join(''))
  const value = fc.constantFrom<Json>(0, 1, { a: [1] }, [[], {}])
  const operation = fc.oneof(
    fc.record({ op: fc.constantFrom('add' as const, 'replace' as const, 'test' as const), path: pointer, value }),
    fc.record({ op: fc.constant('remove' as const), path: pointer }),
    fc.record({ op: fc.constantFrom('move' as const, 'copy' as const), from: pointer, path: pointer }),
  )
  let fitted = 0
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 4 }), (operations) => {
      const before: Json = { a: { b: [1, { a: 2 }] }, b: [0, [1]], 0: {} }
      const untouched = structuredClone(before)
      try {
        const { value: after, patch } = applyJsonPatch(before, operations)
        expect(applyPatch(before, patch)).toEqual(after)
        if (operations.length > 0) fitted++
      } catch (error) {
        if (!(error instanceof PatchError)) throw error
      }
      expect(before).toEqual(untouched)
    }),
    { numRuns: 2_000 },
  )
  expect(fitted).toBeGreaterThan(50)
})
