import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { AgentFrame } from '@shared/contracts/agentApi'
import type { JsonObject } from '@shared/domain/json'
import { tunables } from '@shared/domain/tunables'
import { type FrameParser, framesOfAnswer, ndjsonParser, sseParser } from '../readFrames.ts'

const parse = (parser: FrameParser, lines: readonly string[]) => lines.flatMap((line) => parser.line(line) ?? [])
const sse = (...lines: string[]) => parse(sseParser(), lines)
const ndjson = (...lines: string[]) => parse(ndjsonParser(), lines)
const refused = (message: string | RegExp) =>
  expect.objectContaining({ code: 'invalid_output', retryable: false, message: expect.stringMatching(message) })

const asSse = ({ name, data }: AgentFrame) => [`event: ${name}`, `data: ${JSON.stringify(data)}`, '']
const asNdjson = ({ name, data }: AgentFrame) => JSON.stringify({ event: name, ...data })

const FRAMES: AgentFrame[] = [
  { name: 'version', data: { version: '1.4.0' } },
  { name: 'item', data: { item: { type: 'thought', text: 'hm' } } },
  { name: 'item', data: { id: 'mine', item: {} } },
  { name: 'item.start', data: { id: 'a', item: { list: [] } } },
  { name: 'item.delta', data: { id: 'a', patch: [{ op: 'append', path: '/list', value: [1] }] } },
  { name: 'item.delta', data: { id: 'a', patch: [{ op: 'remove', path: '/list/0' }] } },
  { name: 'item.done', data: { id: 'a' } },
  { name: 'item.done', data: { id: 'a', item: { list: [2] } } },
  { name: 'text', data: { delta: 'line one\nline two 😀' } },
  { name: 'text', data: { id: 'b', delta: '' } },
  { name: 'state', data: { state: null } },
  { name: 'metadata', data: { metadata: { plan: 'pro' } } },
  { name: 'usage', data: { inputTokens: 1, outputTokens: 2, costUsd: 0.001, model: 'm' } },
  { name: 'custom', data: { name: 'progress', data: [0.5] } },
  { name: 'error', data: { message: 'overloaded', code: 'busy', retryable: true } },
  { name: 'done', data: {} },
]

describe('the same frames', () => {
  test.each(FRAMES.map((frame) => [frame.name, frame] as const))('come from both kinds of stream: %s', (_, frame) => {
    expect(sse(...asSse(frame))).toEqual([frame])
    expect(ndjson(asNdjson(frame))).toEqual([frame])
  })

  test('come from an answer in one piece and from streams', () => {
    const answer = {
      version: '2.0.0',
      items: [{ a: 1 }, { b: [{}] }],
      state: { step: 1 },
      metadata: { plan: 'pro' },
      usage: { inputTokens: 3 },
    }
    const frames: AgentFrame[] = [
      { name: 'version', data: { version: '2.0.0' } },
      { name: 'item', data: { item: { a: 1 } } },
      { name: 'item', data: { item: { b: [{}] } } },
      { name: 'state', data: { state: { step: 1 } } },
      { name: 'metadata', data: { metadata: { plan: 'pro' } } },
      { name: 'usage', data: { inputTokens: 3 } },
      { name: 'done', data: {} },
    ]
    expect(framesOfAnswer(JSON.stringify(answer))).toEqual(frames)
    expect(sse(...frames.flatMap(asSse))).toEqual(frames)
    expect(ndjson(...frames.map(asNdjson))).toEqual(frames)
  })

  test('come back whatever their text says', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'))
    fc.assert(
      fc.property(fc.array(text), (deltas) => {
        const frames: AgentFrame[] = deltas.map((delta) => ({ name: 'text', data: { delta } }))
        expect(sse(...frames.flatMap(asSse))).toEqual(frames)
        expect(ndjson(...frames.map(asNdjson))).toEqual(frames)
      }),
    )
  })
})

describe('server-sent events', () => {
  test('ignore comments, wherever they stand', () => {
    expect(sse(':', ': alive', 'event: text', ':x', 'data: {"delta":"a"}', ': y', '', ':')).toEqual([
      { name: 'text', data: { delta: 'a' } },
    ])
  })

  test('join several lines of data', () => {
    expect(sse('event: text', 'data: {"delta":', 'data:  "a"', 'data:}', '')).toEqual([
      { name: 'text', data: { delta: 'a' } },
    ])
  })

  test('need no space after the colon, and keep all but one', () => {
    expect(sse('event:custom', 'data:{"name":"n","data":1}', '')).toEqual([
      { name: 'custom', data: { name: 'n', data: 1 } },
    ])
    expect(() => sse('event:  done', 'data: {}', '')).toThrow(refused('unknown frame " done"'))
  })

  test('ignore fields that mean nothing here, and blank lines', () => {
    expect(sse('', '', 'id: 7', 'retry: 10', 'event', 'nonsense', '', 'event: done', 'id', 'data: {}', '', '')).toEqual(
      [{ name: 'done', data: {} }],
    )
  })

  test('need no data where a frame needs none', () => {
    expect(sse('event: done', '')).toEqual([{ name: 'done', data: {} }])
    expect(() => sse('event: text', '')).toThrow(refused('frame "text" that is not valid'))
  })

  test('start anew with each frame', () => {
    expect(() => sse('event: done', 'data: {}', '', 'data: {}', '')).toThrow(refused('unknown frame "message"'))
  })
})

describe('NDJSON', () => {
  test('ignores blank lines', () => {
    expect(ndjson('', '  ', '{"event":"done"}', '\t')).toEqual([{ name: 'done', data: {} }])
  })

  test.each(['[]', '1', 'null', '"text"', '{}', '{"event":7}', '{"name":"done"}'])('refuses the line %s', (line) => {
    expect(() => ndjson(line)).toThrow(refused('not an object with an "event"'))
  })
})

describe('frames whose name begins with x-', () => {
  test('are ignored, whatever they hold', () => {
    expect(sse('event: x-ping', 'data: not JSON', '')).toEqual([])
    expect(ndjson('{"event":"x-ping","delta":"\\u0000"}')).toEqual([])
    expect(() => sse('event: X-ping', 'data: {}', '')).toThrow(refused('unknown frame "X-ping"'))
  })
})

describe('what a frame may not be', () => {
  const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)

  test.each<[string, string, string | RegExp]>([
    ['of an unknown name', '{"event":"items","item":{}}', 'unknown frame "items"'],
    ['of a name of an object’s machinery', '{"event":"constructor"}', 'unknown frame "constructor"'],
    ['without what it needs', '{"event":"item"}', 'frame "item" that is not valid'],
    ['with what it has not', '{"event":"done","items":[]}', 'frame "done" that is not valid'],
    ['of another type', '{"event":"text","delta":1}', 'frame "text" that is not valid'],
    ['an item that is no object', '{"event":"item","item":[]}', 'frame "item" that is not valid'],
    ['an item that names its own id', '{"event":"item","id":"","item":{}}', 'frame "item" that is not valid'],
    [
      'a patch without operations',
      '{"event":"item.delta","id":"a","patch":[]}',
      'frame "item.delta" that is not valid',
    ],
    [
      'a patch of an unknown operation',
      '{"event":"item.delta","id":"a","patch":[{"op":"move","path":""}]}',
      'not valid',
    ],
    ['an error code with spaces', '{"event":"error","message":"m","code":"a b"}', 'not valid'],
    ['a number of tokens below zero', '{"event":"usage","inputTokens":-1}', 'not valid'],
    ['no JSON', '{"event":', 'not JSON: "{\\\\"event'],
    ['with a NUL', '{"event":"item","item":{"a":"\\u0000"}}', '"/item/a" contains the character'],
    ['with a NUL in a key', '{"event":"item","item":{"\\u0000":1}}', 'a key that contains the character'],
    [
      'with half a surrogate pair',
      '{"event":"item","item":{"a":["\\ud83d"]}}',
      '"/item/a/0" contains a lone surrogate',
    ],
    ['with __proto__', '{"event":"item","item":{"__proto__":{}}}', 'forbidden key "__proto__"'],
    ['with __proto__ beside its name', '{"event":"done","__proto__":{}}', 'forbidden key "__proto__"'],
    ['deeper than is stored', `{"event":"state","state":${deep(tunables.jsonDepth)}}`, 'nested deeper'],
    ['so deep that a parser might fall', `{"event":"state","state":${deep(400_000)}}`, /nested deeper|not JSON/],
  ])('%s', (_what, line, message) => {
    expect(() => ndjson(line)).toThrow(refused(message))
    const { event, rest } = /^\{"event":"?(?<event>[^",}]*)"?,?(?<rest>.*)$/.exec(line)!.groups as Record<
      string,
      string
    >
    expect(() => sse(`event: ${event}`, `data: {${rest}`, '')).toThrow(refused(''))
  })

  test('says where it is wrong', () => {
    expect(() => ndjson('{"event":"item.done","id":"a","item":3}')).toThrow(
      expect.objectContaining({ details: [{ path: '/item', message: expect.any(String) }] }),
    )
  })

  test('just as deep as is stored is accepted', () => {
    const state = deep(tunables.jsonDepth - 1)
    expect(ndjson(`{"event":"state","state":${state}}`)).toEqual([
      { name: 'state', data: { state: JSON.parse(state) } },
    ])
  })

  test('text may end in half a surrogate pair: the next one completes it', () => {
    expect(ndjson('{"event":"text","delta":"a\\ud83d"}')).toEqual([{ name: 'text', data: { delta: 'a\ud83d' } }])
  })
})

describe('an answer in one piece is refused', () => {
  test.each<[string, JsonObject | string, string]>([
    ['when it is no JSON', 'hello', 'not JSON'],
    ['when it is empty', '', 'not JSON'],
    ['when it is no object', '[]', 'not valid'],
    ['without items', {}, 'not valid'],
    ['with an empty list of items', { items: [] }, 'not valid'],
    ['with an item that is no object', { items: ['hello'] }, 'not valid'],
    ['with what it has not', { items: [{}], id: 'run_1' }, 'not valid'],
    ['with a NUL', { items: [{ a: 'b\0' }] }, 'can.t be stored'],
  ])('%s', (_what, answer, message) => {
    const text = typeof answer === 'string' ? answer : JSON.stringify(answer)
    expect(() => framesOfAnswer(text)).toThrow(refused(message))
  })
})
