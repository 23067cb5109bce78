import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { DeliveredEvent } from '@shared/delivery/sink'
import { contentsOf, expectContiguous, expectLinked, typesOf, viewOf } from '../../../test/server/eventChecks.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { forgeToken } from '../../../test/server/forgeToken.ts'
import type { SseStream } from '../../../test/server/sseStream.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Person } from '../../../test/server/tenant.ts'

let server: TestServer
let person: Person
const streams: SseStream[] = []

beforeAll(async () => {
  server = await startTestServer()
  person = await server.main.newPerson()
})

afterEach(async () => {
  for (const stream of streams.splice(0)) stream.close()
  await eventually(() => server.feeds.watched() === 0)
})

afterAll(() => server?.close())

const newSession = async (agent = 'echo') => (await person.client.createSession({ agent })).id

async function read(path: string, headers: Record<string, string> = {}, client = person.client): Promise<SseStream> {
  const stream = await client.stream('GET', path, { headers })
  streams.push(stream)
  return stream
}

const ended = (times: number) => (events: readonly DeliveredEvent[]) =>
  typesOf(events).filter((type) => type === 'run.completed').length >= times

describe('the events of a session', () => {
  test('come from the first on, then live, in order and exactly once', async () => {
    const id = await newSession()
    await person.client.ask(id, 'one')
    const stream = await read(`/v1/sessions/${id}/events`)
    expect(stream.headers.get('cache-control')).toBe('no-store')
    expect(stream.headers.get('x-accel-buffering')).toBe('no')
    await person.client.say(id, 'two')
    await stream.until(ended(2))
    expect(stream.events).toEqual(await server.logOf(id, () => true))
    expect(stream.events.every((event) => event.prev === undefined)).toBe(true)
    expect(contentsOf(viewOf(stream.events).items)).toEqual(['one', 'You said: one', 'two', 'You said: two'])
  })

  test('say line ends as JSON does, so that no text can begin a frame of its own', async () => {
    const id = await newSession()
    const said = ['\r\nevent: cut\r\ndata: {}\r\n\r\n', 'id: 99\n\ndata: x', 'a\rb\u2028c\u0085d']
    const stream = await read(`/v1/sessions/${id}/events`)
    for (const text of said) await person.client.ask(id, text)
    await stream.until(ended(said.length))
    expect(stream.cut).toBeNull()
    expect(stream.events).toEqual(await server.logOf(id, () => true))
    expect(contentsOf(viewOf(stream.events).items)).toEqual(said.flatMap((text) => [text, `You said: ${text}`]))
  })

  test('come after a cursor, by the address or by Last-Event-ID, which knows better', async () => {
    const id = await newSession()
    await person.client.ask(id, 'one')
    const log = await server.logOf(id, () => true)
    const places: [string, Record<string, string>, number][] = [
      ['?after=4', {}, 4],
      ['', { 'last-event-id': '5' }, 5],
      ['?after=2', { 'last-event-id': '5' }, 5],
      ['?after=2', { 'last-event-id': '' }, 2],
      ['?after=0', {}, 0],
    ]
    for (const [query, headers, after] of places) {
      const stream = await read(`/v1/sessions/${id}/events${query}`, headers)
      await stream.until((events) => events.length === log.length - after)
      expect(stream.events).toEqual(log.slice(after))
    }
  })

  test('begin at once for a reader who has everything', async () => {
    const id = await newSession()
    const stream = await read(`/v1/sessions/${id}/events?after=1`)
    await person.client.say(id, 'x')
    await stream.until(ended(1))
    expectContiguous(stream.events, 1)
  })

  test('come exactly once over many disconnects while an agent app speaks', async () => {
    const id = await newSession('steps')
    await person.client.say(id, { count: 150 })
    const got: DeliveredEvent[] = []
    for (let left = 0; !ended(1)(got); left++) {
      const stream = await read(`/v1/sessions/${id}/events`, { 'last-event-id': String(got.at(-1)?.seq ?? 0) })
      const wanted = (left * 7) % 11
      await stream.until((events) => events.length >= wanted || ended(1)(events))
      stream.close()
      // what had come with it is had as well
      got.push(...stream.events)
    }
    expectContiguous(got)
    expect(got).toEqual(await server.logOf(id, () => true))
  })

  test('end with the token that they were asked for with, and tell from where to go on', async () => {
    const id = await newSession()
    const identity = { id: person.id, organizationId: server.main.organizationId }
    const token = await forgeToken(server.secret, identity, { expiresIn: 5 })
    const client = server.client(token)
    const stream = await read(`/v1/sessions/${id}/events`, {}, client)
    const { run } = await person.client.say(id, 'after the stream began')
    await stream.until(ended(1))
    await stream.ended
    expect(stream.cut).toEqual({ reason: 'token_expired', lastSeq: stream.events.at(-1)!.seq })
    expect(stream.events.at(-1)!.seq).toBe((await person.client.readSession(id)).lastSeq)
    expect((await person.client.readRun(run.id)).status).toBe('completed')
  })

  test('are no longer watched when their reader has gone without a word', async () => {
    const id = await newSession()
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    socket.write(`GET /v1/sessions/${id}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${person.token}\r\n\r\n`)
    await new Promise((resolve) => socket.once('data', resolve))
    expect(server.feeds.watched()).toBe(1)
    socket.destroy()
    await eventually(() => server.feeds.watched() === 0)
  })
})

describe('the events of one run', () => {
  test('are its own, each linked to the one before, and end with it', async () => {
    const id = await newSession('staged')
    const runs = [await person.client.say(id, 'a'), await person.client.say(id, 'b')]
    const [first, second] = [
      await read(`/v1/runs/${runs[0]!.run.id}/events`),
      await read(`/v1/runs/${runs[1]!.run.id}/events`),
    ]
    for (const { run } of runs) {
      const turn = await server.stage.turn(run.id)
      turn.frame('text', { delta: 'hello' })
      turn.frame('done')
      turn.end()
    }
    for (const [index, stream] of [first, second].entries()) {
      await stream.ended
      expectLinked(stream.events)
      expect(new Set(stream.events.map((event) => event.runId))).toEqual(new Set([runs[index]!.run.id]))
      expect(typesOf(stream.events).at(-1)).toBe('run.completed')
      expect(stream.cut).toBeNull()
    }
  })

  test('go on after any cursor, linked to the last before it', async () => {
    const id = await newSession()
    await person.client.ask(id, 'before')
    const { run } = await person.client.ask(id, 'x')
    const whole = await read(`/v1/runs/${run.id}/events`)
    await whole.ended
    const { lastSeq } = await person.client.readSession(id)
    for (let after = 0; after <= lastSeq; after++) {
      const stream = await read(`/v1/runs/${run.id}/events`, { 'last-event-id': String(after) })
      await stream.ended
      const left = whole.events.filter((event) => event.seq > after)
      expect(stream.events).toEqual(left)
      expect(stream.cut).toBeNull()
    }
  })

  test('of a run that is long over, with others after it, are the same', async () => {
    const id = await newSession()
    const { run } = await person.client.ask(id, 'x')
    const then = await read(`/v1/runs/${run.id}/events`)
    await then.ended
    for (const text of ['y', 'z']) await person.client.ask(id, text)
    const now = await read(`/v1/runs/${run.id}/events`)
    await now.ended
    expect(now.events).toEqual(then.events)
  })

  test('tell of retries and of what an earlier attempt showed', async () => {
    const id = await newSession('staged')
    const { run } = await person.client.say(id, 'x')
    const stream = await read(`/v1/runs/${run.id}/events`)
    const first = await server.stage.turn(run.id)
    first.frame('text', { delta: 'wrong' })
    await stream.until((events) => typesOf(events).includes('item.delta'))
    first.end()
    const second = await server.stage.turn(run.id, 2)
    second.frame('text', { delta: 'right' })
    second.frame('done')
    await stream.ended
    const types = typesOf(stream.events)
    expect(types.indexOf('run.retrying')).toBeLessThan(types.indexOf('run.attempt'))
    expect(contentsOf(viewOf(stream.events).items)).toEqual(['x', 'right'])
    expectLinked(stream.events)
  })

  test('of a run that is cancelled while it waits end with that', async () => {
    const id = await newSession('staged')
    const runs = [await person.client.say(id, 'a'), await person.client.say(id, 'b')]
    const stream = await read(`/v1/runs/${runs[1]!.run.id}/events`)
    await stream.until((events) => events.length === 2)
    await person.client.cancel(runs[1]!.run.id)
    await stream.ended
    expect(typesOf(stream.events)).toEqual(['item.created', 'run.queued', 'run.cancelled'])
    await person.client.cancel(runs[0]!.run.id)
  })
})

describe('whoever leaves early', () => {
  test('from a message that waits or streams is no longer watched for, and his run goes on', async () => {
    const id = await newSession('staged')
    for (const headers of [{ prefer: 'wait=60' }, { accept: 'text/event-stream' }]) {
      const abort = new AbortController()
      const answer = fetch(`${server.url}/v1/sessions/${id}/messages`, {
        method: 'POST',
        headers: { authorization: `Bearer ${person.token}`, 'content-type': 'application/json', ...headers } as Record<
          string,
          string
        >,
        body: JSON.stringify({ input: 'x' }),
        signal: abort.signal,
      })
      await eventually(() => server.feeds.watched() === 1)
      abort.abort()
      await answer.then((response) => response.text()).catch(() => undefined)
      await eventually(() => server.feeds.watched() === 0)
      const { lastRun } = await person.client.readSession(id)
      ;(await server.stage.turn(lastRun!.id)).answer(200, { items: [{ type: 'message', content: 'ok' }] })
      await eventually(async () => (await person.client.readRun(lastRun!.id)).status === 'completed')
    }
  })
})
