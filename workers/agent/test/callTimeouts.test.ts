import { afterAll, afterEach, describe, expect, test } from '@jest/globals'
import { createOutboundGuard } from '@shared/outbound/guard'
import { closeAgentConnections } from '../callAgentApp.ts'
import {
  type Answer,
  type HostileServer,
  LAST_CHUNK,
  STREAM,
  call,
  chunk,
  closeServers,
  failureOf,
  frame,
  head,
  serveHostile,
  until,
} from './hostileServer.ts'

let server: HostileServer
const serve = async (answer: Answer) => (server = await serveHostile(answer)).url
afterEach(closeServers)
const TEST_NET = createOutboundGuard(['192.0.2.0/24'])

afterAll(() => closeAgentConnections())

const JSON_TYPE = { 'content-type': 'application/json' }
/** Sends something again and again until the connection is closed. */
const drip = (first: string, bytes: string | Uint8Array, ms: number) => (socket: Parameters<Answer>[0]) => {
  socket.write(first)
  const timer = setInterval(() => socket.write(bytes), ms)
  socket.on('close', () => clearInterval(timer))
}

describe('the idle time ends a call that is to be tried again', () => {
  const idle = { code: 'agent_timeout', retryable: true, message: 'The agent app sent nothing for 60 ms.' }

  test.each<[string, Answer]>([
    ['that is never answered', () => undefined],
    ['whose head never ends', (socket) => socket.write('HTTP/1.1 200 OK\r\nx: y\r\n')],
    ['that hangs after the head', (socket) => socket.write(head(200, STREAM))],
    ['that hangs in the middle', (socket) => socket.write(head(200, STREAM) + chunk(frame('text', { delta: 'a' })))],
    ['that hangs within a line', (socket) => socket.write(head(200, STREAM) + chunk('event: te'))],
    ['whose line comes byte by byte', drip(head(200, STREAM), chunk('x'), 5)],
    ['whose head comes byte by byte', drip('HTTP/1.1 200 OK\r\nx: ', 'y', 5)],
    [
      'in one piece that comes byte by byte',
      drip(head(200, { ...JSON_TYPE, 'transfer-encoding': 'chunked' }), chunk(' '), 5),
    ],
  ])('%s', async (_what, answer) => {
    const outcome = await call(await serve(answer), { timeouts: { idleMs: 60 } })
    expect(failureOf(outcome)).toMatchObject(idle)
    await until(() => server.open() === 0)
  })

  test('and an error status whose body hangs is told as that', async () => {
    const url = await serve((socket) => socket.write(head(503, { 'content-length': '9' }) + 'half'))
    expect(failureOf(await call(url, { timeouts: { idleMs: 1_000 } }))).toMatchObject({
      code: 'agent_status',
      retryable: true,
      message: 'The agent app answered 503',
    })
    await until(() => server.open() === 0)
  })
})

describe('the idle time goes on', () => {
  test.each<[string, string]>([
    ['with each comment', ': alive\n'],
    ['with each blank line', '\n'],
    ['with each frame', frame('text', { delta: 'a' })],
    ['with each line of a frame', 'data: x\n'],
    ['with each ignored frame', frame('x-beat')],
  ])('%s', async (_what, beat) => {
    const url = await serve((socket) => {
      socket.write(head(200, STREAM))
      let beats = 0
      const timer = setInterval(() => {
        if (++beats < 15) return socket.write(chunk(beat))
        clearInterval(timer)
        return socket.write(chunk('\nevent: done\ndata: {}\n\n') + LAST_CHUNK)
      }, 80)
      socket.on('close', () => clearInterval(timer))
    })
    // longer than the idle time in all, and each pause far shorter, also when the machine is busy
    const outcome = await call(url, { timeouts: { idleMs: 1_000 } })
    if (beat === 'data: x\n') expect(failureOf(outcome)).toMatchObject({ code: 'invalid_output' })
    else expect(outcome).toMatchObject({ failure: null })
    expect(outcome.record.bytes).toBeGreaterThan(14 * beat.length)
  })

  test('with the head, which may take as long again as the first line', async () => {
    const url = await serve((socket) => {
      setTimeout(() => socket.write(head(200, STREAM)), 1_000)
      setTimeout(() => socket.write(chunk(frame('done')) + LAST_CHUNK), 2_000)
    })
    expect(await call(url, { timeouts: { idleMs: 1_500 } })).toMatchObject({ failure: null })
  })
})

describe('the total time ends a call, however lively it is', () => {
  test.each<[string, Answer]>([
    ['a stream of comments', drip(head(200, STREAM), chunk(': alive\n'), 5)],
    ['a stream of frames', drip(head(200, STREAM), chunk(frame('text', { delta: 'a' })), 5)],
    ['a line byte by byte', drip(head(200, STREAM), chunk('x'), 5)],
    ['no answer', () => undefined],
  ])('%s', async (_what, answer) => {
    const outcome = await call(await serve(answer), { timeouts: { totalMs: 150 } })
    expect(failureOf(outcome)).toMatchObject({
      code: 'agent_timeout',
      retryable: true,
      message: 'The agent app did not end within 150 ms.',
    })
    await until(() => server.open() === 0)
  })
})

test('a connection that is never accepted is given up after its own time', async () => {
  const url = await serve(() => undefined)
  // TEST-NET-1 (RFC 5737): nobody answers there, or the network says at once that there is no way.
  const outcome = await call(url.replace('127.0.0.1', '192.0.2.1'), { guard: TEST_NET, timeouts: { connectMs: 100 } })
  expect(failureOf(outcome)).toMatchObject({ code: 'agent_unreachable', retryable: true })
})
