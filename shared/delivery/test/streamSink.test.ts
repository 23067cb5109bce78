import { type Server, type ServerResponse, createServer } from 'node:http'
import { type AddressInfo, type Socket, connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { LogEntry } from '@shared/domain/logEntry'
import { tunables } from '@shared/domain/tunables'
import type { DeliveredEvent } from '../sink.ts'
import { SSE, openStream, sseFrame } from '../streamSink.ts'
import { entry, event } from './fakeLog.ts'

let server: Server
let port: number
let answering: (response: ServerResponse) => void
let client: Socket | null = null

beforeEach(async () => {
  server = createServer((_request, response) => answering(response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})

afterEach(async () => {
  jest.useRealTimers()
  client?.destroy()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

/** Asks with a bare socket, which reads nothing unless it is resumed. */
function ask(): Promise<ServerResponse> {
  return new Promise((resolve) => {
    answering = resolve
    client = connect(port, '127.0.0.1').pause()
    client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  })
}

async function received(): Promise<string> {
  let text = ''
  for await (const chunk of client!) {
    text += String(chunk)
    if (text.includes('\r\n0\r\n\r\n')) break
  }
  return text
}

const large = (seq: number): LogEntry =>
  LogEntry.of({ ...event(seq), type: 'custom', data: { name: 'large', data: 'x'.repeat(200_000) } })

/** Until the client's and the system's buffers are full and something is left here. */
async function fill(sink: ReturnType<typeof openStream>): Promise<void> {
  for (let seq = 1; ; seq++) {
    sink.send([large(seq)])
    await new Promise((resolve) => setImmediate(resolve))
    if (sink.pendingBytes() > 1_000_000) return
  }
}

describe('a frame', () => {
  test('has id, event and one line of data, whatever text is in it', () => {
    const hostile = {
      ...event(7),
      data: { name: 'a\r\nid: 9\n\nevent: x\u2028', data: '\n\ndata: y' },
    } as DeliveredEvent
    const lines = sseFrame(LogEntry.of(hostile)).split(/\r\n|\n|\r/)
    expect(lines.slice(0, 2)).toEqual(['id: 7', 'event: custom'])
    expect(lines.slice(3)).toEqual(['', ''])
    expect(JSON.parse(lines[2]!.slice('data: '.length))).toEqual(hostile)
  })
})

describe('a stream', () => {
  test('begins at once, tells why it was cut, and is over', async () => {
    const response = await ask()
    const closed = jest.fn()
    const sink = openStream(response, SSE, closed)
    sink.start()
    sink.send([entry(1)])
    sink.cut('shutdown', 1)
    const text = await received()
    expect(text).toContain('content-type: text/event-stream; charset=utf-8')
    expect(text).toContain('id: 1\nevent: custom\n')
    expect(text).toContain('event: cut\ndata: {"reason":"shutdown","lastSeq":1}\n\n')
    await new Promise<void>((resolve) => (response.closed ? resolve() : response.once('close', resolve)))
    expect(closed).toHaveBeenCalledTimes(1)
  })

  test('is kept alive by comments while nothing happens, and not after its end', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] })
    const sink = openStream(await ask(), SSE, () => undefined)
    sink.start()
    jest.advanceTimersByTime(3 * tunables.streamHeartbeat)
    sink.end()
    jest.advanceTimersByTime(tunables.streamHeartbeat)
    expect((await received()).match(/: alive/g)).toHaveLength(3)
    expect(jest.getTimerCount()).toBe(0)
  })

  test('that has ended while its reader still has to take the rest writes nothing more and harms nobody', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] })
    const response = await ask()
    const failed = jest.fn()
    response.on('error', failed)
    const sink = openStream(response, SSE, () => undefined)
    sink.start()
    await fill(sink)
    sink.end()
    jest.advanceTimersByTime(tunables.streamHeartbeat + 1)
    await new Promise((resolve) => setImmediate(resolve))
    expect(response.writableFinished).toBe(false)
    expect(failed).not.toHaveBeenCalled()
  })

  test('whose reader never takes the rest is given up', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] })
    const response = await ask()
    const gone = new Promise((resolve) => response.once('close', resolve))
    const sink = openStream(response, SSE, () => undefined)
    await fill(sink)
    sink.end()
    jest.advanceTimersByTime(60_000)
    await gone
    expect(jest.getTimerCount()).toBe(0)
  })

  test('that is cut for being slow is given up at once', async () => {
    const response = await ask()
    const gone = new Promise((resolve) => response.once('close', resolve))
    const sink = openStream(response, SSE, () => undefined)
    await fill(sink)
    sink.cut('slow', 5)
    await gone
  })

  test('to somebody who has left is not begun, and leaves no timer', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] })
    const response = await ask()
    const closed = jest.fn()
    const sink = openStream(response, SSE, closed)
    const gone = new Promise((resolve) => response.once('close', resolve))
    client!.destroy()
    await gone
    sink.start()
    sink.send([entry(1)])
    sink.end()
    expect(closed).toHaveBeenCalledTimes(1)
    expect(jest.getTimerCount()).toBe(0)
  })

  test('waits for room and leaves no listeners behind', async () => {
    const response = await ask()
    const sink = openStream(response, SSE, () => undefined)
    const before = ['drain', 'close'].map((name) => response.listenerCount(name))
    await fill(sink)
    const drained = Promise.all(Array.from({ length: 5 }, () => sink.drained()))
    client!.resume()
    await drained
    expect(response.writableNeedDrain).toBe(false)
    expect(['drain', 'close'].map((name) => response.listenerCount(name))).toEqual(before)
    await sink.drained()
  })
})
