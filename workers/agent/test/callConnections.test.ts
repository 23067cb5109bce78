import { afterAll, afterEach, describe, expect, test } from '@jest/globals'
import { closeAgentConnections } from '../callAgentApp.ts'
import {
  type Answer,
  type HostileServer,
  LAST_CHUNK,
  STREAM,
  call,
  chunk,
  closeServers,
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

const JSON_TYPE = { 'content-type': 'application/json' }

describe('connections', () => {
  test('are used again by calls that come after each other, whatever the kind of answer', async () => {
    const answers = [
      whole(200, '{"items":[{}]}', JSON_TYPE),
      head(200, STREAM) + chunk(frame('text', { delta: 'a' })) + chunk(frame('done')) + LAST_CHUNK,
      whole(200, '{"event":"done"}\n', { 'content-type': 'application/x-ndjson' }),
      whole(503, 'overloaded'),
    ]
    const url = await serve((socket, count) => socket.write(answers[count % answers.length]!))
    for (let i = 0; i < 24; i++) await call(url)
    expect(server.requests).toHaveLength(24)
    // a call that follows at once may find the end of the last answer unread
    expect(server.connections()).toBeLessThanOrEqual(2)
  })

  test('are used again when the end of a stream comes a moment after its done', async () => {
    const url = await serve((socket) => {
      socket.write(head(200, STREAM) + chunk(frame('done')))
      setTimeout(() => socket.write(LAST_CHUNK), 5)
    })
    for (let i = 0; i < 5; i++) {
      await call(url)
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
    expect(server.connections()).toBe(1)
  })

  test('of a stream that goes on after its done are given up', async () => {
    const url = await serve((socket) => {
      socket.write(head(200, STREAM) + chunk(frame('done')))
      const timer = setInterval(() => socket.write(chunk(`: ${'x'.repeat(10_000)}\n`)), 1)
      socket.on('close', () => clearInterval(timer))
    })
    expect(await call(url)).toMatchObject({ names: ['done'], failure: null })
    await until(() => server.open() === 0)
  })

  test('of a stream that stays open after its done are given up', async () => {
    const url = await serve((socket) => socket.write(head(200, STREAM) + chunk(frame('done'))))
    expect(await call(url)).toMatchObject({ names: ['done'], failure: null })
    await until(() => server.open() === 0)
  })

  test('that the agent app has closed meanwhile are replaced', async () => {
    const url = await serve((socket) => socket.end(whole(200, '{"items":[{}]}', JSON_TYPE)))
    for (let i = 1; i <= 5; i++) {
      expect(await call(url)).toMatchObject({ failure: null })
      await until(() => server.open() === 0)
    }
    expect(server.connections()).toBe(5)
  })

  test('of calls at the same time are many', async () => {
    const waiting: (() => void)[] = []
    const url = await serve((socket, count) => {
      waiting.push(() => socket.write(whole(200, '{"items":[{}]}', JSON_TYPE)))
      if (count === 10) for (const answer of waiting) answer()
    })
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => call(url)))
    expect(outcomes.map(({ failure }) => failure)).toEqual(Array(10).fill(null))
    expect(server.connections()).toBe(10)
  })
})

describe('an aborted call', () => {
  const reason = new Error('cancelled')

  test.each<[string, string | null]>([
    ['before the answer began', null],
    ['after its head', head(200, STREAM)],
    ['in the middle of a stream', head(200, STREAM) + chunk(frame('text', { delta: 'a' }))],
    ['in the middle of an answer in one piece', head(200, { ...JSON_TYPE, 'content-length': '100' }) + '{"items"'],
    ['in the middle of an error', head(500, { 'content-length': '100' }) + 'half'],
  ])('%s ends with the reason, and closes the connection', async (_what, bytes) => {
    const controller = new AbortController()
    const url = await serve(async (socket) => {
      if (bytes !== null) socket.write(bytes)
      await new Promise((resolve) => setTimeout(resolve, 20))
      controller.abort(reason)
    })
    expect((await call(url, { signal: controller.signal })).failure).toBe(reason)
    await until(() => server.open() === 0)
  })

  test('that was aborted before is not made', async () => {
    const url = await serve((socket) => socket.end(whole(200, '{"items":[{}]}', JSON_TYPE)))
    expect((await call(url, { signal: AbortSignal.abort(reason) })).failure).toBe(reason)
    expect(server.requests).toEqual([])
  })

  test('closes the connection also when its reader stops', async () => {
    const url = await serve((socket) => socket.write(head(200, STREAM) + chunk(frame('text', { delta: 'a' }))))
    const stop = () => {
      throw reason
    }
    expect((await call(url, {}, stop)).failure).toBe(reason)
    await until(() => server.open() === 0)
  })
})
