import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { uuidOf } from '@shared/domain/ids'
import {
  AT,
  type Frame,
  RUN,
  SESSION,
  end,
  item,
  newAssembly,
  patch,
  shown,
  start,
  takeAll,
  text,
} from './assembling.ts'

const message = (content: string) => ({ type: 'message', role: 'assistant', content })
const refused = (message: string) =>
  expect.objectContaining({ code: 'invalid_output', retryable: false, message: expect.stringContaining(message) })

describe('items', () => {
  test('are ours: ids, places, times and kinds', () => {
    const assembly = newAssembly(4)
    const forged = { id: RUN, sessionId: 'x', runNo: 99, itemNo: 99, kind: 'input', status: 'complete', hidden: true }
    const events = takeAll(assembly, [item(forged), start('itm_forged', forged), end('itm_forged')])
    const { items } = assembly.done()
    expect(items).toEqual(
      [4, 5].map((itemNo) => ({
        id: expect.stringMatching(/^itm_/),
        sessionId: SESSION,
        runId: RUN,
        runNo: 3,
        itemNo,
        kind: itemNo === 5 ? 'output' : 'step',
        status: 'complete',
        data: forged,
        createdAt: AT,
      })),
    )
    expect(items.every(({ id }) => uuidOf('item', id) !== null)).toBe(true)
    expect(new Set(items.map(({ id }) => id)).size).toBe(2)
    expect(JSON.stringify(events)).not.toContain('itm_forged')
  })

  test('grow by patches and may be replaced when they are done', () => {
    const assembly = newAssembly()
    takeAll(assembly, [
      start('a', { list: [1], text: 'x' }),
      patch('a', { op: 'append', path: '/list', value: [2] }, { op: 'append', path: '/text', value: 'y' }),
      start('b', { draft: true }),
      end('b', { draft: false }),
      end('a'),
    ])
    expect(assembly.done().items).toMatchObject([{ data: { list: [1, 2], text: 'xy' } }, { data: { draft: false } }])
  })

  test('may be begun under an id that was used and ended', () => {
    const assembly = newAssembly()
    takeAll(assembly, [start('a', { n: 1 }), end('a'), start('a', { n: 2 }), end('a')])
    expect(assembly.done().items.map(({ data }) => data)).toEqual([{ n: 1 }, { n: 2 }])
  })

  test.each<[string, Frame[], string]>([
    ['a delta of what is not open', [patch('a', { op: 'remove', path: '/x' })], '"a", which is not open'],
    [
      'a delta of what was done',
      [start('a', {}), end('a'), patch('a', { op: 'add', path: '/x', value: 1 })],
      'not open',
    ],
    ['an end of what is not open', [end('a')], 'not open'],
    ['the id of one of our items', [start('a', {}), end(RUN)], 'not open'],
    ['a start of what is open', [start('a', {}), start('a', {})], 'twice'],
    ['a patch that doesn’t fit', [start('a', {}), patch('a', { op: 'remove', path: '/x' })], 'does not fit its item'],
    [
      'a patch that leaves no object',
      [start('a', {}), patch('a', { op: 'replace', path: '', value: [] })],
      'no object',
    ],
    ['a patch of __proto__', [start('a', {}), patch('a', { op: 'add', path: '/__proto__', value: {} })], 'forbidden'],
    ['text for an item without content', [start('a', {}), text('x', 'a')], 'does not fit its item'],
  ])('are refused for %s', (_what, frames, message) => {
    expect(() => takeAll(newAssembly(), frames)).toThrow(refused(message))
  })
})

describe('the end', () => {
  test('completes what is open; the last item is the output', () => {
    const assembly = newAssembly()
    const events = takeAll(assembly, [start('a', { n: 1 }), item({ n: 2 }), start('c', { n: 3 })])
    const result = assembly.done()
    expect(result.items).toMatchObject([
      { kind: 'step', status: 'complete' },
      { kind: 'step', status: 'complete' },
      { kind: 'output', status: 'complete' },
    ])
    expect(shown([...events, ...result.events])).toEqual(result.items)
  })

  test('without an item is none', () => {
    expect(() => newAssembly().done()).toThrow(refused('without an item'))
    const assembly = newAssembly()
    takeAll(assembly, [{ name: 'state', data: { state: 1 } }])
    expect(() => assembly.done()).toThrow(refused('without an item'))
  })

  test('brings version, usage, state and metadata, each the last one, metadata merged', () => {
    const assembly = newAssembly()
    const events = takeAll(assembly, [
      { name: 'version', data: { version: '1.4.0' } },
      { name: 'state', data: { state: { step: 1 } } },
      { name: 'state', data: { state: null } },
      { name: 'metadata', data: { metadata: { a: 1, b: 1 } } },
      { name: 'metadata', data: { metadata: { b: 2 } } },
      { name: 'usage', data: { inputTokens: 1 } },
    ])
    expect(events).toEqual([])
    takeAll(assembly, [item({})])
    expect(assembly.done()).toMatchObject({
      version: '1.4.0',
      state: null,
      metadata: { a: 1, b: 2 },
      usage: { inputTokens: 1 },
    })
  })

  test('a custom event is said at once', () => {
    const data = { name: 'progress', data: 0.5 }
    expect(newAssembly().take({ name: 'custom', data })).toEqual([{ type: 'custom', data }])
  })

  test('an error frame says whether to try again; it doesn’t unless it says so', () => {
    const fail = (more: object) => () => newAssembly().take({ name: 'error', data: { message: 'no', ...more } })
    expect(fail({})).toThrow(expect.objectContaining({ code: 'agent_error', message: 'no', retryable: false }))
    expect(fail({ code: 'busy', retryable: true })).toThrow(expect.objectContaining({ code: 'busy', retryable: true }))
  })
})

describe('a run that breaks off', () => {
  test('keeps what was shown: what is open is incomplete', () => {
    const assembly = newAssembly()
    const events = takeAll(assembly, [item({ n: 1 }), text('Hel'), start('c', { n: 3 }), end('c'), start('d', {})])
    const result = assembly.cutShort()
    expect(result.items).toMatchObject([
      { kind: 'step', status: 'complete' },
      { kind: 'step', status: 'incomplete', data: message('Hel') },
      { kind: 'step', status: 'complete' },
      { kind: 'step', status: 'incomplete' },
    ])
    expect(shown([...events, ...result.events])).toEqual(result.items)
  })

  test('after its end was refused is as if the end had not come', () => {
    const frames = [item({ n: 1 }), text('Hello'), start('c', {})]
    const assembly = newAssembly()
    const events = takeAll(assembly, frames)
    assembly.done()
    const result = assembly.cutShort()
    expect(result.items.map(({ kind, status }) => `${kind} ${status}`)).toEqual([
      'step complete',
      'step incomplete',
      'step incomplete',
    ])
    expect(shown([...events, ...result.events])).toEqual(result.items)
  })

  test('before anything came is empty', () => {
    expect(newAssembly().cutShort()).toEqual({ items: [], events: [] })
  })
})

test('whatever the frames: what readers fold is what the run has, at its end and when it breaks off', () => {
  const id = fc.constantFrom('a', 'b', 'c')
  const wish = fc.oneof(
    fc.record({ n: fc.nat() }).map(item),
    fc.tuple(id, fc.string()).map(([id, content]) => start(id, { content })),
    fc.tuple(id, fc.string()).map(([id, value]) => patch(id, { op: 'append', path: '/content', value })),
    fc.tuple(id, fc.nat()).map(([id, value]) => patch(id, { op: 'add', path: '/n', value })),
    fc.tuple(id, fc.option(fc.record({ content: fc.string() }), { nil: undefined })).map(([id, data]) => end(id, data)),
    fc.tuple(fc.string(), fc.option(id, { nil: undefined })).map(([delta, id]) => text(delta, id)),
  )
  fc.assert(
    fc.property(fc.array(wish, { maxLength: 30 }), fc.boolean(), (wishes, completes) => {
      const assembly = newAssembly()
      const events = wishes.flatMap((frame) => {
        try {
          return assembly.take(frame)
        } catch {
          // Refused: it has changed nothing.
          return []
        }
      })
      fc.pre(!completes || events.length > 0)
      const result = completes ? assembly.done() : assembly.cutShort()
      expect(shown([...events, ...result.events])).toEqual(result.items)
      expect(result.items.filter(({ status }) => status === 'streaming')).toEqual([])
      expect(result.items.filter(({ kind }) => kind === 'output')).toHaveLength(completes ? 1 : 0)
    }),
  )
})
