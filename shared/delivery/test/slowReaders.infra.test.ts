import { type Server, createServer } from 'node:http'
import { type AddressInfo, type Socket, connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { tunables } from '@shared/domain/tunables'
import { expectContiguous } from '../../../test/server/eventChecks.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { readSse } from '../../../test/server/sseStream.ts'
import { streamTo } from '../streamTo.ts'
import { type FeedWorld, type Writer, startFeedWorld } from './feedWorld.ts'
import { seeded } from './random.ts'
import { reaching, recorder } from './recorder.ts'

/** All but setTimeout and clearTimeout. */
const REAL = [
  'nextTick',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
  'queueMicrotask',
  'performance',
  'Date',
  'hrtime',
] as const
const LETTERS = 200_000
/** A frame of one event, with what is around its text. */
const FRAME = LETTERS + 2_000

/** Nobody's right to read ends here. */
const NOBODY_ELSE = { add: () => () => undefined, close: () => undefined }

let world: FeedWorld
let server: Server
let url: string
/** The most that was unsent for any reader. */
let mostUnsent: number
const sockets: Socket[] = []

beforeAll(async () => {
  world = await startFeedWorld({ kind: 'postgres' })
  server = createServer((request, response) => {
    const [, sessionId, after] = request.url!.split('/') as [string, string, string]
    void streamTo(response, NOBODY_ELSE, { until: null, principals: [] }, (sink) =>
      world.feeds.subscribe(sessionId, Number(after), {
        ...sink,
        send(entries) {
          sink.send(entries)
          mostUnsent = Math.max(mostUnsent, sink.pendingBytes())
        },
      }),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterEach(() => {
  jest.useRealTimers()
  for (const socket of sockets.splice(0)) socket.destroy()
})

afterAll(async () => {
  server?.closeAllConnections()
  server?.close()
  await world?.close()
})

/** A reader that asks and then takes nothing from its socket. */
async function deafReader(sessionId: string, after: number): Promise<void> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  sockets.push(socket.pause())
  await new Promise((resolve) => socket.once('connect', resolve))
  socket.write(`GET /${sessionId}/${after} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  await eventually(() => world.feeds.watched() > 0)
}

/** Lets time pass until nobody is waited for. */
async function losesPatience(): Promise<void> {
  while (world.feeds.watched() > 0) {
    jest.advanceTimersByTime(1_000)
    await sleep(5)
  }
}

async function say(writer: Writer, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await world.engine.say(writer.sessionId, { input: { content: 'x'.repeat(LETTERS) } })
    await writer.say()
  }
}

async function readAll(sessionId: string, lastSeq: number) {
  const abort = new AbortController()
  const stream = readSse(await fetch(`${url}/${sessionId}/0`, { signal: abort.signal }), abort)
  const events = await stream.until(reaching(lastSeq))
  stream.close()
  return { events, cut: stream.cut }
}

describe('a reader that never reads', () => {
  test('is cut while it follows, having held no more than its buffer, and nothing is watched any more', async () => {
    mostUnsent = 0
    const writer = await world.newWriter(seeded(1))
    await deafReader(writer.sessionId, 0)
    jest.useFakeTimers({ doNotFake: [...REAL] })
    for (let rounds = 0; mostUnsent <= tunables.readerBytes; rounds++) {
      await say(writer, 5)
      jest.advanceTimersByTime(tunables.reorder)
      expect(rounds).toBeLessThan(50)
    }
    await losesPatience()
    expect(world.watches()).toBe(0)
    expect(mostUnsent).toBeGreaterThan(tunables.readerBytes)
    expect(mostUnsent).toBeLessThan(tunables.readerBytes + 2 * FRAME)
  })

  test('is waited for while it catches up, with no more than a part of its buffer, and cut when it stays deaf', async () => {
    const writer = await world.newWriter(seeded(2))
    await say(writer, 60)
    mostUnsent = 0
    // only what the readers' patience is measured with
    jest.useFakeTimers({ doNotFake: [...REAL] })
    await deafReader(writer.sessionId, 0)
    await eventually(() => mostUnsent > tunables.readerBytes / 2)
    await losesPatience()
    expect(world.watches()).toBe(0)
    expect(mostUnsent).toBeLessThan(tunables.readerBytes / 2 + 2 * FRAME)
  })
})

describe('a reader that reads', () => {
  test('catches up with far more than its buffer without being cut', async () => {
    const warnings: Error[] = []
    process.on('warning', (warning) => warnings.push(warning))
    const writer = await world.newWriter(seeded(3))
    await say(writer, 40)
    mostUnsent = 0
    const { events, cut } = await readAll(writer.sessionId, await writer.lastSeq())
    expect(cut).toBeNull()
    expectContiguous(events)
    expect(events).toHaveLength(81)
    expect(mostUnsent).toBeLessThan(tunables.readerBytes / 2 + 2 * FRAME)
    await new Promise((resolve) => setImmediate(resolve))
    expect(warnings).toEqual([])
  })

  test('gets a burst of far more than its buffer, in one tick, without being cut', async () => {
    mostUnsent = 0
    const writer = await world.newWriter(seeded(5))
    const abort = new AbortController()
    const stream = readSse(await fetch(`${url}/${writer.sessionId}/0`, { signal: abort.signal }), abort)
    await stream.until(reaching(await writer.lastSeq()))
    const contents = Array.from({ length: 20 }, () => 'x'.repeat(LETTERS))
    for (const content of contents) await world.engine.say(writer.sessionId, { input: { content } })
    await writer.say()
    const events = await stream.until(reaching(await writer.lastSeq()))
    stream.close()
    expect(stream.cut).toBeNull()
    expectContiguous(events)
    expect(mostUnsent).toBeGreaterThan(tunables.readerBytes)
    expect(mostUnsent).toBeLessThan(tunables.readerBytes + 2 * FRAME)
  })

  test('reads on from Postgres when it could not follow, and follows again', async () => {
    const writer = await world.newWriter(seeded(4))
    let unsent = 0
    let drains = 0
    const slow = recorder({
      pendingBytes: () => (unsent += FRAME),
      drained: async () => {
        drains++
        unsent = 0
      },
    })
    const subscription = await world.feeds.subscribe(writer.sessionId, 0, slow)
    await slow.until(reaching(subscription.lastSeq))
    for (let rounds = 0; rounds < 5; rounds++) {
      await say(writer, 3)
      await slow.until(reaching(await writer.lastSeq()))
    }
    subscription.close()
    expect(drains).toBeGreaterThan(1)
    expect(slow.cuts).toEqual([])
    expect(slow.events).toEqual(await world.engine.log(writer.sessionId))
  })

  test('goes on by its cursor after it was cut for being slow', async () => {
    const writer = await world.newWriter(seeded(6))
    let deaf = false
    const slow = recorder({
      pendingBytes: () => (deaf ? 2 * tunables.readerBytes : 0),
      drained: () => new Promise<void>(() => undefined),
    })
    const subscription = await world.feeds.subscribe(writer.sessionId, 0, slow)
    await slow.until(reaching(subscription.lastSeq))
    jest.useFakeTimers({ doNotFake: [...REAL] })
    deaf = true
    await say(writer, 3)
    await losesPatience()
    expect(slow.cuts).toEqual([{ reason: 'slow', lastSeq: slow.cursor() }])
    const next = recorder()
    const again = await world.feeds.subscribe(writer.sessionId, slow.cursor(), next)
    if (again.lastSeq > slow.cursor()) await next.until(reaching(again.lastSeq))
    again.close()
    expect([...slow.events, ...next.events]).toEqual(await world.engine.log(writer.sessionId))
  })
})
