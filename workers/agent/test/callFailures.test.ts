import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterAll, afterEach, describe, expect, test } from '@jest/globals'
import { tunables } from '@shared/domain/tunables'
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
  until,
  whole,
} from './hostileServer.ts'

let server: HostileServer
const serve = async (answer: Answer) => (server = await serveHostile(answer)).url
afterEach(closeServers)
afterAll(() => closeAgentConnections())

const SSE = { 'content-type': 'text/event-stream' }
const JSON_TYPE = { 'content-type': 'application/json' }
const half = chunk(frame('text', { delta: 'half' }))

/** How a call ends whose answer is these bytes, which the connection's end follows. */
async function ending(bytes: string | Uint8Array) {
  const outcome = await call(await serve((socket) => socket.end(bytes)))
  const { code, retryable, message } = failureOf(outcome)
  return { code, retryable, message, names: outcome.names }
}

describe('a status', () => {
  test.each([
    [201, false],
    [204, false],
    [301, false],
    [302, false],
    [307, false],
    [308, false],
    [400, false],
    [401, false],
    [403, false],
    [404, false],
    [408, true],
    [409, false],
    [413, false],
    [422, false],
    [425, true],
    [429, true],
    [500, true],
    [502, true],
    [503, true],
    [504, true],
  ])('%i is tried again: %s', async (status, retryable) => {
    const body = status === 204 ? '' : 'because'
    const url = await serve((socket) =>
      socket.end(status === 204 ? head(status) : whole(status, body, { location: `${url}/elsewhere` })),
    )
    const outcome = await call(url)
    expect(failureOf(outcome)).toMatchObject({ code: 'agent_status', retryable, retryAfterMs: null })
    expect(failureOf(outcome).message).toBe(`The agent app answered ${status}`)
    expect(outcome.record).toMatchObject({ status })
    expect(server.requests).toHaveLength(1)
  })

  test('is told without what was said, which may not be for end users', async () => {
    const { message } = await ending(whole(500, 'postgres://me:hunter2@db'))
    expect(message).toBe('The agent app answered 500')
  })

  test('is enough when its body hangs, breaks or floods', async () => {
    expect(await ending(head(500, { 'content-length': '100' }) + 'half')).toMatchObject({ code: 'agent_status' })
    const url = await serve((socket) => {
      socket.write(head(400, { 'transfer-encoding': 'chunked' }))
      const timer = setInterval(() => socket.write(chunk('x'.repeat(60_000))), 1)
      socket.on('close', () => clearInterval(timer))
    })
    expect(failureOf(await call(url))).toMatchObject({ code: 'agent_status', retryable: false })
    await until(() => server.open() === 0)
  })
})

describe('a connection that breaks is tried again', () => {
  const disconnected = { code: 'agent_disconnected', retryable: true }

  test.each<[string, string | Uint8Array]>([
    ['before the answer', ''],
    ['in the middle of the head', 'HTTP/1.1 200 OK\r\ncontent-ty'],
    ['after the head', head(200, STREAM)],
    ['in the middle of a stream', head(200, STREAM) + half],
    ['in the middle of a chunk', head(200, STREAM) + half + '7f\r\nevent: te'],
    ['before the last chunk', head(200, STREAM) + half + chunk('event: text\n')],
    ['in the middle of an answer in one piece', head(200, { ...JSON_TYPE, 'content-length': '20' }) + '{"items":'],
  ])('by FIN %s', async (_what, bytes) => {
    expect(await ending(bytes)).toMatchObject(disconnected)
  })

  test('by RST, at any point', async () => {
    for (const bytes of ['', 'HTTP/1.1 200', head(200, STREAM), head(200, STREAM) + half]) {
      const url = await serve((socket) => {
        if (bytes === '') socket.resetAndDestroy()
        else socket.write(bytes, () => setTimeout(() => socket.resetAndDestroy(), 10))
      })
      expect(failureOf(await call(url))).toMatchObject(disconnected)
    }
  })

  test.each<[string, string | Uint8Array]>([
    ['at once', head(200, STREAM) + LAST_CHUNK],
    ['after a frame', head(200, STREAM) + half + LAST_CHUNK],
    ['after comments', head(200, STREAM) + chunk(': a\n\n') + LAST_CHUNK],
    ['in the middle of a frame', head(200, STREAM) + chunk('event: text\ndata: {"delta":"a"') + LAST_CHUNK],
    ['in the middle of a name', head(200, STREAM) + chunk('event: tex') + LAST_CHUNK],
    ['in the middle of a stream until the connection’s end', head(200, UNDELIMITED) + 'event: text\ndata: {"del'],
    [
      'in the middle of a character',
      Buffer.concat([Buffer.from(`${head(200, UNDELIMITED)}data: "`), Buffer.from('字').subarray(0, 2)]),
    ],
    ['in the middle of a line of NDJSON', head(200, { 'content-type': 'application/x-ndjson' }) + '{"event":"te'],
    ['after nothing but a head', whole(200, '', SSE)],
  ])('and so is a stream that ends without done: %s', async (_what, bytes) => {
    expect(await ending(bytes)).toMatchObject(disconnected)
  })

  test('after the frames that had come were given', async () => {
    expect((await ending(head(200, STREAM) + half + LAST_CHUNK)).names).toEqual(['text'])
  })

  test('when what answers does not speak HTTP', async () => {
    expect(await ending('SSH-2.0-OpenSSH\r\n')).toMatchObject(disconnected)
    expect(await ending('HTTP/1.1 abc\r\n\r\n')).toMatchObject(disconnected)
  })
})

describe('an agent app that is not there is tried again', () => {
  const unreachable = { code: 'agent_unreachable', retryable: true }

  test('nobody listens', async () => {
    const closed = createServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const { port } = closed.address() as { port: number }
    closed.close()
    expect(failureOf(await call(`http://127.0.0.1:${port}/`))).toMatchObject(unreachable)
    expect(failureOf(await call(`http://localhost:${port}/`))).toMatchObject(unreachable)
  })

  test('its name is not known', async () => {
    expect(failureOf(await call('http://agent.invalid/'))).toMatchObject(unreachable)
  })
})

describe('what is not an answer is not tried again', () => {
  const invalid = { code: 'invalid_output', retryable: false }
  const streamed = (body: string | Uint8Array) => Buffer.concat([Buffer.from(head(200, STREAM)), chunk(body)])

  test.each<[string, Uint8Array, string]>([
    ['another content type', whole(200, 'hello', { 'content-type': 'text/plain' }), 'the content type "text/plain"'],
    ['no content type', whole(200, 'hello'), 'the content type ""'],
    ['a page', whole(200, '<html>', { 'content-type': 'text/html; charset=utf-8' }), 'the content type "text/html"'],
    ['JSON that is none', whole(200, '{"items"', JSON_TYPE), 'not JSON'],
    ['JSON that is not UTF-8', whole(200, Buffer.from('{"items":[{"a":"\xff"}]}', 'latin1'), JSON_TYPE), 'not UTF-8'],
    ['JSON with another shape', whole(200, '{"output":1}', JSON_TYPE), 'not valid'],
    ['an unknown frame', streamed(frame('message', {})), 'unknown frame "message"'],
    ['a frame without JSON', streamed('event: text\ndata: hello\n\n'), 'not JSON'],
    ['a frame with another shape', streamed(frame('text', { text: 'a' })), 'frame "text" that is not valid'],
    ['a frame with a NUL', streamed(frame('item', { item: { a: '\0' } })), 'contains the character'],
    ['bytes that are not UTF-8', streamed(Buffer.from('data: \xff\n', 'latin1')), 'not UTF-8'],
  ])('%s', async (_what, bytes, message) => {
    expect(await ending(bytes)).toMatchObject({ ...invalid, message: expect.stringContaining(message) })
  })

  test('a line over the cap, which is not read to its end', async () => {
    const url = await serve((socket) => {
      socket.write(head(200, STREAM))
      const timer = setInterval(() => socket.write(chunk('x'.repeat(100_000))), 1)
      socket.on('close', () => clearInterval(timer))
    })
    const outcome = await call(url)
    expect(failureOf(outcome)).toMatchObject({ ...invalid, message: expect.stringContaining('a line of more than') })
    expect(outcome.record.bytes).toBeLessThan(tunables.streamLineBytes + 1_000_000)
    await until(() => server.open() === 0)
  })

  test.each<[string, Record<string, string>, string]>([
    ['a stream of comments', SSE, `:${'x'.repeat(99_998)}\n`],
    ['NDJSON of blank lines', { 'content-type': 'application/x-ndjson' }, `${' '.repeat(99)}\n`.repeat(1_000)],
    ['one piece', JSON_TYPE, ' '.repeat(100_000)],
  ])('an answer over the cap, which is not read to its end: %s', async (_what, headers, piece) => {
    const url = await serve((socket) => {
      socket.write(head(200, { ...headers, 'transfer-encoding': 'chunked' }))
      const send = () => {
        while (!socket.destroyed && socket.write(chunk(piece)));
      }
      socket.on('drain', send)
      send()
    })
    const outcome = await call(url)
    expect(failureOf(outcome)).toMatchObject({ ...invalid, message: expect.stringContaining('sent more than') })
    expect(outcome.record.bytes).toBeLessThan(tunables.agentAnswerBytes + 1_000_000)
    expect(outcome.record.keptBytes).toBe(tunables.keptResponseBytes)
    await until(() => server.open() === 0)
  })
})
