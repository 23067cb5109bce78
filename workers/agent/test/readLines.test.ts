import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { lineReader } from '../readLines.ts'

const MAX = 1_000
const bytes = (text: string) => new TextEncoder().encode(text)

/** All lines of a text that comes in pieces of these sizes; the last piece is whatever is left. */
function linesOf(whole: Uint8Array, sizes: readonly number[], maxBytes = MAX): string[] {
  const reader = lineReader(maxBytes)
  const lines: string[] = []
  let at = 0
  for (const size of [...sizes, whole.length]) {
    lines.push(...reader.push(whole.subarray(at, at + size)))
    at += size
  }
  return [...lines, ...reader.end()]
}

describe('lines', () => {
  test.each([
    ['end with LF', 'a\nb\n', ['a', 'b']],
    ['end with CR', 'a\rb\r', ['a', 'b']],
    ['end with CR LF', 'a\r\nb\r\n', ['a', 'b']],
    ['end with all of them', 'a\r\nb\nc\rd', ['a', 'b', 'c', 'd']],
    ['may be empty', '\n\n\r\r\n\r\n', ['', '', '', '', '']],
    ['keep spaces and tabs', ' a \n\tb\n', [' a ', '\tb']],
    ['are not ended by other separators', 'a\u2028b\u0085c\v\fd\n', ['a\u2028b\u0085c\v\fd']],
    ['need no end at the end', 'a\nb', ['a', 'b']],
    ['are none in nothing', '', []],
    ['lose a byte order mark at the very beginning', '\uFEFFa\n\uFEFFb\n', ['a', '\uFEFFb']],
  ])('%s', (_what, text, lines) => {
    expect(linesOf(bytes(text), [])).toEqual(lines)
  })

  test('are the same however the bytes are cut', () => {
    const piece = fc.constantFrom('\r', '\n', '\r\n', 'a', 'Ω', '字', '😀', ' ', 'data: {}')
    const text = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''))
    const sizes = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 80 })
    fc.assert(
      fc.property(text, sizes, (text, sizes) => {
        const expected = text.split(/\r\n|\n|\r/)
        if (expected.at(-1) === '') expected.pop()
        expect(linesOf(bytes(text), sizes)).toEqual(expected)
      }),
    )
  })

  test('come as soon as they are whole', () => {
    const reader = lineReader(MAX)
    expect(reader.push(bytes('a'))).toEqual([])
    expect(reader.push(bytes('b\r'))).toEqual(['ab'])
    expect(reader.push(bytes('\n'))).toEqual([])
    expect(reader.push(bytes('c\nd'))).toEqual(['c'])
    expect(reader.end()).toEqual(['d'])
    expect(reader.end()).toEqual([])
  })
})

describe('bytes that are not UTF-8', () => {
  test.each([
    ['a byte that never occurs', [0xff]],
    ['a continuation without a beginning', [0x61, 0x80]],
    ['a beginning without a continuation', [0xc3, 0x61]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['half a surrogate pair', [0xed, 0xa0, 0x80]],
    ['a code point above the last', [0xf4, 0x90, 0x80, 0x80]],
  ])('are refused: %s', (_what, wrong) => {
    expect(() => lineReader(MAX).push(Uint8Array.from(wrong))).toThrow(
      expect.objectContaining({ code: 'invalid_output', retryable: false }),
    )
  })

  test('are refused at the end as well: a character that was cut off', () => {
    const reader = lineReader(MAX)
    expect(reader.push(bytes('a\n😀').subarray(0, 4))).toEqual(['a'])
    expect(() => reader.end()).toThrow(expect.objectContaining({ code: 'invalid_output' }))
  })
})

describe('the cap', () => {
  const tooLong = expect.objectContaining({ code: 'invalid_output', retryable: false })

  test('lets a line of just that length pass, whatever ends it', () => {
    const line = 'x'.repeat(MAX)
    expect(linesOf(bytes(`${line}\r\n${line}`), [10, 990])).toEqual([line, line])
  })

  test('refuses a longer line, ended or not', () => {
    const line = 'x'.repeat(MAX + 1)
    expect(() => lineReader(MAX).push(bytes(`${line}\n`))).toThrow(tooLong)
    expect(() => lineReader(MAX).push(bytes(`a\n${line}`))).toThrow(tooLong)
    const reader = lineReader(MAX)
    reader.push(bytes(line.slice(0, 600)))
    expect(() => reader.push(bytes(line.slice(600)))).toThrow(tooLong)
  })

  test('counts bytes, not characters', () => {
    expect(linesOf(bytes('字'.repeat(300)), [7])).toEqual(['字'.repeat(300)])
    expect(() => lineReader(MAX).push(bytes('字'.repeat(400)))).toThrow(tooLong)
    expect(() => lineReader(MAX).push(bytes(`${'字'.repeat(400)}\n`))).toThrow(tooLong)
  })
})

test('the work for a line grows with its length alone, however small its pieces', () => {
  const reader = lineReader(1_000_000)
  const one = bytes('x')
  // Looking through what is there already at each byte would take minutes here.
  for (let i = 0; i < 500_000; i++) reader.push(one)
  expect(reader.push(bytes('\n'))[0]).toHaveLength(500_000)
})
