import { describe, expect, test } from '@jest/globals'
import type { Json } from '@shared/domain/json'
import { tunables } from '@shared/domain/tunables'
import type { RunAssembly } from '../assembleRun.ts'
import { type Frame, end, item, newAssembly, patch, start, takeAll, text } from './assembling.ts'

const { itemBytes, agentAnswerBytes, agentAnswerItems, agentAnswerWork, jsonDepth, metadataBytes } = tunables
const tooLarge = expect.objectContaining({
  code: 'invalid_output',
  retryable: false,
  message: expect.stringContaining('bytes'),
})
const sized = (bytes: number) => ({ a: 'x'.repeat(bytes - '{"a":""}'.length) })
const deep = (levels: number): Json => (levels === 0 ? 0 : [deep(levels - 1)])

describe('an item’s size', () => {
  test('may be the cap, and no byte more', () => {
    expect(() => takeAll(newAssembly(), [item(sized(itemBytes)), start('a', sized(itemBytes))])).not.toThrow()
    expect(() => newAssembly().take(item(sized(itemBytes + 1)))).toThrow(tooLarge)
    expect(() => newAssembly().take(start('a', sized(itemBytes + 1)))).toThrow(tooLarge)
    expect(() => takeAll(newAssembly(), [start('a', {}), end('a', sized(itemBytes + 1))])).toThrow(tooLarge)
  })

  test('is counted in bytes', () => {
    expect(() => newAssembly().take(item({ a: '字'.repeat(itemBytes / 2) }))).toThrow(tooLarge)
    expect(() => newAssembly().take(text('字'.repeat(itemBytes / 2)))).toThrow(tooLarge)
  })

  test('is that of the item, not of the frames that made it: a long answer may come token by token', () => {
    const assembly = newAssembly()
    for (let i = 0; i < 40_000; i++) assembly.take(text('word '))
    expect(assembly.done().items[0]!.data['content']).toHaveLength(200_000)
  })

  test('grown by text is bounded as well', () => {
    const assembly = newAssembly()
    const word = text('x'.repeat(1_000))
    expect(() => {
      for (let i = 0; i < itemBytes / 1_000 + 1; i++) assembly.take(word)
    }).toThrow(tooLarge)
    expect(() => {
      const assembly = newAssembly()
      for (let i = 0; i < itemBytes / 6_000 + 1; i++) assembly.take(text('\u0001'.repeat(1_000)))
    }).toThrow(tooLarge)
  })

  test('grown by patches is bounded as well', () => {
    const grown = (operation: (i: number) => Extract<Frame, { name: 'item.delta' }>['data']['patch'][number]) => () => {
      const assembly = newAssembly()
      assembly.take(start('a', { list: [], text: '' }))
      for (let i = 0; i < itemBytes / 1_000 + 1; i++) assembly.take(patch('a', operation(i)))
    }
    const large = 'x'.repeat(1_000)
    expect(grown(() => ({ op: 'append', path: '/list', value: [large] }))).toThrow(tooLarge)
    expect(grown(() => ({ op: 'append', path: '/text', value: large }))).toThrow(tooLarge)
    expect(grown((i) => ({ op: 'add', path: `/${i}`, value: large }))).toThrow(tooLarge)
    expect(grown((i) => ({ op: 'add', path: `/${large}${i}`, value: 0 }))).toThrow(tooLarge)
    expect(grown(() => ({ op: 'add', path: '/list/-', value: large }))).toThrow(tooLarge)
    // what is replaced doesn't count any more
    expect(grown(() => ({ op: 'replace', path: '/text', value: large }))).not.toThrow()
  })
})

describe('other sizes', () => {
  test('a custom event and a state are bounded like an item', () => {
    const large = 'x'.repeat(itemBytes)
    expect(() => newAssembly().take({ name: 'custom', data: { name: 'n', data: large } })).toThrow(tooLarge)
    expect(() => newAssembly().take({ name: 'state', data: { state: large } })).toThrow(tooLarge)
    expect(() => newAssembly().take({ name: 'state', data: { state: large.slice(2) } })).not.toThrow()
  })

  test('metadata is bounded in sum', () => {
    const half = 'x'.repeat(metadataBytes / 2)
    const assembly = newAssembly()
    assembly.take({ name: 'metadata', data: { metadata: { a: half } } })
    assembly.take({ name: 'metadata', data: { metadata: { a: half } } })
    expect(() => assembly.take({ name: 'metadata', data: { metadata: { b: half } } })).toThrow(tooLarge)
  })
})

describe('what changes cost', () => {
  const tooCostly = expect.objectContaining({
    code: 'invalid_output',
    retryable: false,
    message: expect.stringContaining('too many changes'),
  })
  const wide = (members: number) => Object.fromEntries(Array.from({ length: members }, (_, i) => [`key${i}`, 0]))
  const untilRefused = (assembly: RunAssembly, next: (i: number) => Frame): number => {
    for (let i = 0; i < agentAnswerBytes / 100; i++) {
      try {
        assembly.take(next(i))
      } catch (error) {
        expect(error).toEqual(tooCostly)
        return i
      }
    }
    throw new Error('nothing was refused')
  }

  test('is little for thousands of operations in one frame', () => {
    const assembly = newAssembly()
    assembly.take(start('a', wide(10_000)))
    const operations = Array.from({ length: 1_000 }, (_, i) => ({
      op: 'replace' as const,
      path: `/key${i}`,
      value: 1,
    }))
    // The budget is for so many copies of the item: were there one for each operation, it would not last.
    const frames = agentAnswerWork / 2 / 11_000
    expect(() => {
      for (let i = 0; i < frames; i++) assembly.take(patch('a', ...operations))
    }).not.toThrow()
  })

  test('is bounded for many frames that each copy a large item', () => {
    const assembly = newAssembly()
    assembly.take(start('a', wide(10_000)))
    const taken = untilRefused(assembly, () => patch('a', { op: 'replace', path: '/key1', value: 1 }))
    expect(taken).toBe(Math.floor(agentAnswerWork / 10_001))
  })

  test('is bounded for elements that push all others aside, within one frame', () => {
    const assembly = newAssembly()
    assembly.take(start('a', { list: Array.from({ length: 100_000 }, () => 0) }))
    const operations = ['add', 'remove'].map((op) => ({ op, path: '/list/0', value: 0 }) as const)
    const flood = Array.from({ length: 2_000 }, () => operations as never).flat()
    expect(() => assembly.take(patch('a', ...flood))).toThrow(tooCostly)
  })

  test('is bounded for an item at its cap that must be measured again and again', () => {
    const assembly = newAssembly()
    assembly.take(start('a', { ...sized(itemBytes - 10), b: 0 }))
    untilRefused(assembly, () => patch('a', { op: 'replace', path: '/b', value: 1 }))
  })

  test('is bounded for metadata as well', () => {
    const half = { a: 'x'.repeat(metadataBytes / 2) }
    untilRefused(newAssembly(), () => ({ name: 'metadata', data: { metadata: half } }))
  })

  test('does not get in the way of long answers in many items', () => {
    const assembly = newAssembly()
    assembly.take(start('a', { rows: [], text: '', meta: wide(20) }))
    expect(() => {
      for (let i = 0; i < 10_000; i++) {
        assembly.take(patch('a', { op: 'append', path: '/text', value: 'word ' }))
        if (i % 2) assembly.take(patch('a', { op: 'add', path: '/rows/-', value: { n: i } }))
      }
    }).not.toThrow()
  })
})

describe('the number of items', () => {
  test('is bounded', () => {
    const assembly = newAssembly()
    for (let i = 0; i < agentAnswerItems; i++) assembly.take(item({}))
    const tooMany = expect.objectContaining({ code: 'invalid_output', message: expect.stringContaining('more than') })
    expect(() => assembly.take(item({}))).toThrow(tooMany)
    expect(() => assembly.take(start('a', {}))).toThrow(tooMany)
    expect(() => assembly.take(text('a'))).toThrow(tooMany)
    expect(assembly.cutShort().items).toHaveLength(agentAnswerItems)
  })
})

describe('the depth of an item', () => {
  const tooDeep = expect.objectContaining({
    code: 'invalid_output',
    message: expect.stringContaining('nested deeper'),
  })

  test('can’t be made more by patches than it may be at once', () => {
    const grow = (operations: Extract<Frame, { name: 'item.delta' }>['data']['patch']) =>
      takeAll(newAssembly(), [start('a', { list: [[]] }), patch('a', ...operations)])
    const under = (path: string, levels: number) => [{ op: 'add' as const, path, value: deep(levels) }]
    expect(() => grow(under('/new', jsonDepth - 1))).not.toThrow()
    expect(() => grow(under('/new', jsonDepth))).toThrow(tooDeep)
    expect(() => grow(under('/list/0/-', jsonDepth - 3))).not.toThrow()
    expect(() => grow(under('/list/0/-', jsonDepth - 2))).toThrow(tooDeep)
    expect(() => grow([{ op: 'append', path: '/list/0', value: [deep(jsonDepth - 2)] }])).toThrow(tooDeep)
    expect(() => grow([{ op: 'replace', path: '/list', value: deep(jsonDepth) }])).toThrow(tooDeep)
  })

  test('not even step by step', () => {
    const assembly = newAssembly()
    assembly.take(start('a', { b: [] }))
    expect(() => {
      for (let level = 0, path = '/b'; level < jsonDepth; level++, path += '/0')
        assembly.take(patch('a', { op: 'append', path, value: [[]] }))
    }).toThrow(tooDeep)
  })
})
