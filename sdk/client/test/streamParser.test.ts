import fc from 'fast-check'
import { type Frame, createStreamParser } from '../stream/streamParser.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)

/** A text's bytes, cut at any places, also inside a letter. */
const cut = (text: string) => {
  const bytes = bytesOf(text)
  return fc.uniqueArray(fc.nat(bytes.length), { maxLength: 20 }).map((places) => {
    const ends = [...places.toSorted((a, b) => a - b), bytes.length]
    return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end))
  })
}

function framesOf(format: 'sse' | 'ndjson', chunks: Iterable<Uint8Array | string>): Frame[] {
  const frames: Frame[] = []
  const parser = createStreamParser(format, (frame) => frames.push(frame))
  for (const chunk of chunks) parser.push(chunk)
  return frames
}

const SSE = ': alive\n\nid: 7\nevent: item.delta\ndata: {"text":"Grüße 🎉"}\n\nid: 8\r\ndata: one\r\ndata: two\r\n\r\n'

test('frames of SSE come out whole, wherever the stream is cut', () => {
  fc.assert(
    fc.property(cut(SSE), (chunks) => {
      expect(framesOf('sse', chunks)).toEqual([
        { id: '7', event: 'item.delta', data: '{"text":"Grüße 🎉"}' },
        { id: '8', event: undefined, data: 'one\ntwo' },
      ])
    }),
  )
})

test('lines of NDJSON come out whole, wherever the stream is cut', () => {
  fc.assert(
    fc.property(cut('{"a":"ß"}\n\n  \r\n{"b":"🎉"}\r\n{"unfinished":'), (chunks) => {
      expect(framesOf('ndjson', chunks)).toEqual([{ data: '{"a":"ß"}' }, { data: '{"b":"🎉"}' }])
    }),
  )
})

test('text will do instead of bytes', () => {
  expect(framesOf('ndjson', ['{"a"', ':1}\n'])).toEqual([{ data: '{"a":1}' }])
})
