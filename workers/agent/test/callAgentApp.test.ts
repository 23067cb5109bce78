import { afterAll, afterEach, describe, expect, test } from '@jest/globals'
import { tunables } from '@shared/domain/tunables'
import { keptOf } from '../answerRecord.ts'
import { closeAgentConnections } from '../callAgentApp.ts'
import {
  type Answer,
  type HostileServer,
  LAST_CHUNK,
  STREAM,
  UNDELIMITED,
  call,
  chunk,
  closeServers,
  failureOf,
  frame,
  head,
  serveHostile,
  whole,
} from './hostileServer.ts'

let server: HostileServer
const serve = async (answer: Answer) => (server = await serveHostile(answer)).url
afterEach(closeServers)
afterAll(() => closeAgentConnections())

const JSON_TYPE = { 'content-type': 'application/json' }

describe('an answer', () => {
  const done = frame('done')

  test.each<[string, Uint8Array, string[]]>([
    ['in one piece', whole(200, '{"items":[{}]}', JSON_TYPE), ['item', 'done']],
    [
      'in one piece, with a charset and capitals',
      whole(200, '{"items":[{}]}', { 'Content-Type': 'Application/JSON; Charset=UTF-8' }),
      ['item', 'done'],
    ],
    ['that only says that it goes on by itself', whole(202, 'later'), ['goesOn']],
    [
      'as a stream that pauses',
      whole(
        200,
        frame('text', { delta: 'a' }) + frame('pause', { toolCalls: [{ callId: '1', name: 'ask', arguments: {} }] }),
        {
          'content-type': 'text/event-stream',
        },
      ),
      ['text', 'pause'],
    ],
    [
      'as a stream',
      whole(200, frame('text', { delta: 'a' }) + done, { 'content-type': 'text/event-stream' }),
      ['text', 'done'],
    ],
    ['as NDJSON', whole(200, '{"event":"done"}\n', { 'content-type': 'application/x-ndjson' }), ['done']],
    ['as NDJSON, by another name', whole(200, '{"event":"done"}', { 'content-type': 'application/jsonl' }), ['done']],
    [
      'as a stream without its last line ends',
      whole(200, 'event: done\ndata: {}', { 'content-type': 'text/event-stream' }),
      ['done'],
    ],
    ['until the connection ends', Buffer.from(head(200, UNDELIMITED) + done), ['done']],
  ])('%s gives its frames', async (_what, bytes, names) => {
    const url = await serve((socket) => socket.end(bytes))
    expect(await call(url)).toMatchObject({ names, failure: null })
  })

  test('gives each frame when it comes', async () => {
    let send = (_bytes: string | Uint8Array): unknown => undefined
    const url = await serve((socket) => {
      send = (bytes) => socket.write(bytes)
      send(head(200, STREAM))
      send(chunk(frame('text', { delta: '0' })))
    })
    let frames = 0
    const outcome = await call(url, {}, () => {
      if (++frames < 4) send(chunk(frame('text', { delta: String(frames) })))
      else send(chunk(frame('done')) + LAST_CHUNK)
    })
    // each frame is sent only when the one before it has arrived
    expect(outcome).toMatchObject({ names: ['text', 'text', 'text', 'text', 'done'], failure: null })
  })

  test('that comes in one piece and is hard to digest leaves others their turn, and a cancel its effect', async () => {
    const frames = 100
    const url = await serve((socket) =>
      socket.end(head(200, UNDELIMITED) + frame('text', { delta: 'a' }).repeat(frames)),
    )
    const controller = new AbortController()
    // Others have a turn after two frames at most: far fewer come before the cancel than were sent.
    const TURNS = 10
    let turns = 0
    const others = setInterval(() => ++turns === TURNS && controller.abort(new Error('cancelled')), 0)
    const outcome = await call(url, { signal: controller.signal }, () => {
      for (const end = performance.now() + 2 * tunables.agentSlice; performance.now() < end;);
    })
    clearInterval(others)
    expect(turns).toBe(TURNS)
    expect(outcome.failure).toEqual(new Error('cancelled'))
    expect(outcome.names.length).toBeLessThan(frames)
  })

  test('ends with done: what comes after is not read', async () => {
    const url = await serve((socket) => socket.write(head(200, STREAM) + chunk(`${done}event: nonsense\n\n`)))
    expect(await call(url)).toMatchObject({ names: ['done'], failure: null })
  })

  test('may be cut anywhere, also within characters and line ends', async () => {
    const body = Buffer.from(
      `: ping\r\n\r\nevent: text\r\ndata: {"delta":"字😀"}\r\n\r\nevent: done\r\ndata:{}\r\n\r\n`,
    )
    const url = await serve(async (socket) => {
      socket.write(head(200, STREAM))
      for (const byte of body) {
        socket.write(chunk(Uint8Array.of(byte)))
        await new Promise((resolve) => setImmediate(resolve))
      }
      socket.write(LAST_CHUNK)
    })
    expect(await call(url)).toMatchObject({ frames: [{ data: { delta: '字😀' } }, { name: 'done' }], failure: null })
  })

  test('is asked for by a POST with the headers and the body that were given', async () => {
    const url = await serve((socket) => socket.end(whole(200, '{"items":[{}]}', JSON_TYPE)))
    await call(url, { body: '{"input":"字"}', headers: { 'idempotency-key': 'run:0', 'content-type': 'a/b' } })
    expect(server.requests).toHaveLength(1)
    expect(server.requests[0]).toMatchObject({
      body: '{"input":"字"}',
      head: expect.stringMatching(/^POST \/agent HTTP/),
    })
    expect(server.requests[0]!.head).toMatch(/idempotency-key: run:0\r\n/i)
    expect(server.requests[0]!.head).toMatch(/content-type: a\/b/i)
  })
})

describe('the record of an answer', () => {
  test('holds status, bytes and when it began', async () => {
    const before = Date.now()
    const url = await serve((socket) => socket.end(whole(200, '{"items":[{}]}', JSON_TYPE)))
    const { record } = await call(url)
    expect(record).toMatchObject({ status: 200, bytes: 14, keptBytes: 14 })
    expect(keptOf(record).toString()).toBe('{"items":[{}]}')
    expect(record.firstByteAt!.getTime()).toBeGreaterThanOrEqual(before)
  })

  test('keeps the beginning of a long one', async () => {
    const item = { text: 'x'.repeat(100_000) }
    const url = await serve((socket) => socket.end(whole(200, JSON.stringify({ items: [item, item] }), JSON_TYPE)))
    const { record } = await call(url)
    expect(record.bytes).toBeGreaterThan(200_000)
    expect(record.keptBytes).toBe(tunables.keptResponseBytes)
    expect(keptOf(record).toString()).toBe(JSON.stringify({ items: [item, item] }).slice(0, tunables.keptResponseBytes))
  })

  test('holds what came of one that broke off, whatever it was', async () => {
    const url = await serve((socket) => socket.end(whole(500, Uint8Array.of(0, 255, 10))))
    const { record } = await call(url)
    expect(record).toMatchObject({ status: 500, bytes: 3 })
    expect(keptOf(record)).toEqual(Buffer.of(0, 255, 10))
  })

  test('stays empty when nothing came', async () => {
    const url = await serve((socket) => socket.destroy())
    expect((await call(url)).record).toMatchObject({ bytes: 0, keptBytes: 0 })
  })
})

describe('Retry-After', () => {
  test('is told with the failure', async () => {
    const url = await serve((socket) => socket.end(whole(429, '', { 'retry-after': '3' })))
    expect(failureOf(await call(url))).toMatchObject({ retryable: true, retryAfterMs: 3_000 })
  })
})
