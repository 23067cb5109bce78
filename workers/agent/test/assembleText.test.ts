import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { end, item, newAssembly, shown, start, takeAll, text, typesOf } from './assembling.ts'

const message = (content: string) => ({ type: 'message', role: 'assistant', content })
const refused = (message: string) =>
  expect.objectContaining({ code: 'invalid_output', retryable: false, message: expect.stringContaining(message) })

describe('text', () => {
  test('grows one message, which is the output', () => {
    const assembly = newAssembly()
    const events = takeAll(assembly, [text('Hel'), text('lo')])
    expect(typesOf(events)).toEqual(['item.created', 'item.delta', 'item.delta'])
    expect(shown(events)).toMatchObject([{ status: 'streaming', data: message('Hello') }])
    const result = assembly.done()
    expect(result.items).toMatchObject([{ kind: 'output', status: 'complete', data: message('Hello') }])
    expect(typesOf(result.events)).toEqual(['item.completed'])
    expect(shown([...events, ...result.events])).toEqual(result.items)
  })

  test('is the output also when items come after it', () => {
    const assembly = newAssembly()
    takeAll(assembly, [text('Hello'), item({ type: 'sources' })])
    expect(assembly.done().items).toMatchObject([
      { kind: 'output', data: message('Hello') },
      { kind: 'step', data: { type: 'sources' } },
    ])
  })

  test('with an id is an item like another', () => {
    const assembly = newAssembly()
    const events = takeAll(assembly, [
      text('a', 'one'),
      text('b', 'two'),
      text('A', 'one'),
      end('one'),
      text('B', 'two'),
    ])
    const result = assembly.done()
    expect(result.items).toMatchObject([
      { kind: 'step', status: 'complete', data: message('aA') },
      { kind: 'output', status: 'complete', data: message('bB') },
    ])
    expect(shown([...events, ...result.events])).toEqual(result.items)
  })

  test('grows the content of an item that was started under its id', () => {
    const assembly = newAssembly()
    takeAll(assembly, [start('a', { type: 'thought', content: '' }), text('hm', 'a')])
    expect(assembly.done().items).toMatchObject([{ data: { type: 'thought', content: 'hm' } }])
  })

  test('that is empty makes the message but no delta', () => {
    const assembly = newAssembly()
    expect(typesOf(takeAll(assembly, [text(''), text('')]))).toEqual(['item.created'])
    expect(assembly.done().items).toMatchObject([{ data: message('') }])
  })
})

describe('a surrogate pair', () => {
  const joined = (deltas: string[]) => {
    const assembly = newAssembly()
    const events = takeAll(
      assembly,
      deltas.map((delta) => text(delta)),
    )
    for (const event of events) expect(JSON.stringify(event)).not.toMatch(/\\ud[89a-f]/i)
    return assembly.done().items[0]!.data['content']
  }

  test('that is cut by two deltas is one character', () => {
    expect(joined(['a\ud83d', '\ude00b'])).toBe('a😀b')
    expect(joined(['\ud83d', '', '\ude00\ud83d', '\ude00'])).toBe('😀😀')
  })

  test('that is never completed is left out', () => {
    expect(joined(['a\ud83d'])).toBe('a')
  })

  test('is whole again however text is cut', () => {
    const cut = fc.tuple(fc.string({ unit: 'binary' }), fc.array(fc.nat(3), { maxLength: 20 }))
    fc.assert(
      fc.property(cut, ([whole, sizes]) => {
        fc.pre(!whole.includes('\0'))
        const deltas = sizes.map((size, index) => {
          const from = sizes.slice(0, index).reduce((sum, size) => sum + size, 0)
          return whole.slice(from, from + size)
        })
        const sent = sizes.reduce((sum, size) => sum + size, 0)
        expect(joined([...deltas, whole.slice(sent)])).toBe(whole)
      }),
    )
  })

  test('in one item has nothing to do with another', () => {
    const assembly = newAssembly()
    takeAll(assembly, [text('\ud83d', 'a'), text('b', 'b'), text('\ude00', 'a')])
    expect(assembly.done().items.map(({ data }) => data['content'])).toEqual(['😀', 'b'])
  })

  test.each([
    ['a second half alone', ['\ude00']],
    ['a first half before something else', ['\ud83d', 'x']],
    ['two first halves', ['\ud83d', '\ud83d']],
    ['a half within', ['a\ud83db']],
  ])('that is none is refused: %s', (_what, deltas) => {
    expect(() =>
      takeAll(
        newAssembly(),
        deltas.map((delta) => text(delta)),
      ),
    ).toThrow(refused('lone surrogate'))
  })

  test('and so is a NUL in text', () => {
    expect(() => newAssembly().take(text('a\0'))).toThrow(refused('\\u0000'))
  })
})
