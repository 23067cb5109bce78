import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { Item, Run } from '@shared/domain/objects'
import type { Acceptance } from '../../../test/server/apiClient.ts'
import { type TestSocket, connectSocket } from '../../../test/server/connectSocket.ts'
import { countRows, quiet } from '../../../test/server/countRows.ts'
import { contentsOf, expectContiguous, typesOf, viewOf } from '../../../test/server/eventChecks.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Person } from '../../../test/server/tenant.ts'

interface Subscribed {
  ok: true
  lastSeq: number
}

let server: TestServer
let person: Person
const sockets: TestSocket[] = []

beforeAll(async () => {
  server = await startTestServer()
  person = await server.main.newPerson()
})

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close()
  await eventually(() => server.feeds.watched() === 0)
})

afterAll(() => server?.close())

async function connect(token = person.token): Promise<TestSocket> {
  const socket = await connectSocket(server.url, { token })
  sockets.push(socket)
  return socket
}

const newSession = async (agent = 'echo') => (await person.client.createSession({ agent })).id
const ended = (times: number) => (events: readonly { type: string }[]) =>
  events.filter((event) => event.type === 'run.completed').length >= times
const ANSWER = { items: [{ type: 'message', role: 'assistant', content: 'ok' }] }

describe('a subscription', () => {
  test('is answered with the last seq before its first event, and replays what was', async () => {
    const sessionId = await newSession()
    await person.client.ask(sessionId, 'x')
    const socket = await connect()
    const order: string[] = []
    socket.socket.on('event', () => order.push('event'))
    const answer = await new Promise<Subscribed>((resolve) => {
      socket.socket.emit('subscribe', { sessionId, after: 0 }, (body: Subscribed) => {
        order.push('answer')
        resolve(body)
      })
    })
    const log = await server.logOf(sessionId, () => true)
    expect(answer).toEqual({ ok: true, lastSeq: log.length })
    await socket.until((events) => events.length >= log.length)
    expect(order[0]).toBe('answer')
    expect(socket.events).toEqual(log)
  })

  test('goes on live, in order and exactly once', async () => {
    const sessionId = await newSession()
    await person.client.ask(sessionId, 'one')
    const socket = await connect()
    await socket.ask('subscribe', { sessionId, after: 0 })
    for (const text of ['two', 'three', 'four']) await person.client.say(sessionId, text)
    await socket.until(ended(4))
    expectContiguous(socket.events)
    const { items } = viewOf(socket.events)
    expect(contentsOf(items)).toEqual((await person.client.readSession(sessionId)).items!.map((i) => i.data['content']))
  })

  test('begins after its cursor, and from the last seq gets only what is new', async () => {
    const sessionId = await newSession()
    await person.client.ask(sessionId, 'x')
    const { lastSeq } = await person.client.readSession(sessionId)
    const socket = await connect()
    await socket.ask('subscribe', { sessionId, after: lastSeq })
    await person.client.say(sessionId, 'y')
    await socket.until(ended(1))
    expectContiguous(socket.events, lastSeq)
  })

  test('ends by unsubscribing, and may begin again', async () => {
    const [sessionId, other] = [await newSession(), await newSession()]
    const socket = await connect()
    await socket.ask('subscribe', { sessionId, after: 0 })
    await socket.until((events) => events.length === 1)
    expect(await socket.ask('unsubscribe', { sessionId })).toEqual({ ok: true })
    expect(server.feeds.watched()).toBe(0)
    await person.client.ask(sessionId, 'unheard')
    await socket.ask('subscribe', { sessionId: other, after: 0 })
    await socket.until((events) => events.length === 2)
    expect(socket.events.map((event) => event.sessionId)).toEqual([sessionId, other])
    await socket.ask('subscribe', { sessionId, after: 1 })
    await socket.until(ended(1))
    expectContiguous(socket.events.filter((event) => event.sessionId === sessionId))
    expect(await socket.ask('unsubscribe', { sessionId: 'ses_01jd0000000000000000000000' })).toEqual({ ok: true })
  })

  test('of two sessions on one socket, and of one session on two sockets, doesn’t mix', async () => {
    const ids = [await newSession(), await newSession()]
    const [both, one] = [await connect(), await connect()]
    for (const sessionId of ids) await both.ask('subscribe', { sessionId, after: 0 })
    await one.ask('subscribe', { sessionId: ids[0], after: 0 })
    await Promise.all(ids.map((id) => person.client.ask(id, 'x')))
    await both.until(ended(2))
    await one.until(ended(1))
    for (const id of ids) {
      const log = await server.logOf(id, () => true)
      expect(both.events.filter((event) => event.sessionId === id)).toEqual(log)
      if (id === ids[0]) expect(one.events).toEqual(log)
    }
  })

  test('asked for twice at once, also with others between, is one', async () => {
    const sessionId = await newSession()
    const socket = await connect()
    const answers = await Promise.all([
      socket.ask('subscribe', { sessionId, after: 0 }),
      socket.ask('unsubscribe', { sessionId }),
      socket.ask('subscribe', { sessionId, after: 1 }),
      socket.ask('subscribe', { sessionId, after: 1 }),
    ])
    expect(answers.map((answer) => answer.error)).toEqual([undefined, undefined, undefined, undefined])
    await person.client.say(sessionId, 'x')
    await socket.until(ended(1))
    expectContiguous(
      socket.events.filter((event) => event.seq > 1),
      1,
    )
    await socket.ask('unsubscribe', { sessionId })
    expect(server.feeds.watched()).toBe(0)
  })

  test('that is refused leaves the one before it as it was', async () => {
    const sessionId = await newSession()
    const socket = await connect()
    await socket.ask('subscribe', { sessionId, after: 0 })
    const { error } = await socket.ask('subscribe', { sessionId, after: 99 })
    expect(error).toMatchObject({ code: 'cursor_ahead', lastSeq: 1 })
    await person.client.say(sessionId, 'x')
    await socket.until(ended(1))
    expectContiguous(socket.events)
  })

  test('is given for 200 sessions and no more, also when they are asked for at once', async () => {
    const ids = await Promise.all(Array.from({ length: 205 }, () => newSession()))
    const socket = await connect()
    const answers = await Promise.all(ids.map((sessionId) => socket.ask('subscribe', { sessionId, after: 0 })))
    const refused = answers.flatMap(({ error }) => (error ? [error.code] : []))
    expect(refused).toEqual(Array.from({ length: 5 }, () => 'rate_limited'))
    expect(server.feeds.watched()).toBe(200)
  })
})

describe('a message', () => {
  test('is answered as a POST is, and its run can be followed', async () => {
    const sessionId = await newSession()
    const socket = await connect()
    await socket.ask('subscribe', { sessionId, after: 0 })
    const answer = await socket.ask<Acceptance>('message', {
      sessionId,
      idempotencyKey: 'first',
      input: 'hi',
      metadata: { a: 1 },
    })
    expect(Object.keys(answer).toSorted()).toEqual(['item', 'run', 'seq'])
    expect(answer.item.data).toEqual({ type: 'message', role: 'user', content: 'hi' })
    expect(answer.run).toMatchObject({ sessionId, metadata: { a: 1 }, runNo: 1 })
    expect(answer.seq).toBe(3)
    expect(Object.keys((await person.client.say(sessionId, 'hi')) as object).toSorted()).toEqual(['item', 'run', 'seq'])
    await socket.until(ended(2))
    expect(typesOf(socket.events)[1]).toBe('item.created')
  })

  test('sent again under its key, also on another socket, is the same message', async () => {
    const sessionId = await newSession()
    const [one, two] = [await connect(), await connect()]
    const message = { sessionId, idempotencyKey: 'again', input: 'hi' }
    const answers = await Promise.all([one, two, one, two].map((socket) => socket.ask<Acceptance>('message', message)))
    expect(new Set(answers.map(({ run, item, seq }) => `${run.id} ${item.id} ${seq}`)).size).toBe(1)
    const { error } = await two.ask('message', { ...message, input: 'other' })
    expect(error).toMatchObject({ code: 'idempotency_mismatch' })
    const runs = await person.client.get<{ data: Run[] }>(`/v1/sessions/${sessionId}/runs`)
    expect(runs.body.data).toHaveLength(1)
  })

  test('after message is accepted in the order in which they were sent', async () => {
    const sessionId = await newSession()
    const socket = await connect()
    const texts = Array.from({ length: 20 }, (_, index) => String(index))
    const answers = await Promise.all(
      texts.map((input) => socket.ask<Acceptance>('message', { sessionId, idempotencyKey: `o${input}`, input })),
    )
    expect(answers.map(({ run }) => run.runNo)).toEqual(texts.map((_, index) => index + 1))
    await person.client.ask(sessionId, 'last')
  })

  test('that is refused is answered with the error, and leaves nothing behind', async () => {
    const sessionId = await newSession('staged')
    const first = await person.client.say(sessionId, 'x')
    await server.stage.turn(first.run.id)
    const socket = await connect()
    const before = await countRows(server.db)
    const ask = async (more: object) =>
      (await socket.ask('message', { sessionId, idempotencyKey: 'refused', input: 'x', ...more })).error
    expect(await ask({ onBusy: 'reject' })).toMatchObject({ code: 'session_busy', activeRunId: first.run.id })
    expect(await ask({ runType: 'none' })).toMatchObject({ code: 'schema_violation', details: [{ path: '/runType' }] })
    expect(await ask({ version: '9.9.9' })).toMatchObject({ code: 'version_incompatible' })
    expect(await ask({ input: { a: 'x'.repeat(300_000) } })).toMatchObject({ code: 'payload_too_large' })
    expect(await countRows(server.db)).toEqual(before)
    await person.client.cancel(first.run.id)
  })
})

describe('a cancel', () => {
  test('is answered with the run, cancelled or as it had ended', async () => {
    const sessionId = await newSession('staged')
    const socket = await connect()
    const message = { sessionId, idempotencyKey: 'c1', input: 'hi' }
    const { run } = await socket.ask<{ run: Run; item: Item }>('message', message)
    const turn = await server.stage.turn(run.id)
    const cancel = { runId: run.id, idempotencyKey: 'c2' }
    expect(await socket.ask('cancel', cancel)).toMatchObject({ run: { id: run.id, status: 'cancelled' } })
    await turn.closed
    const again = await socket.ask<{ run: Run }>('cancel', cancel)
    expect(again.run).toEqual(await person.client.readRun(run.id))
    const next = await person.client.say(sessionId, 'x')
    ;(await server.stage.turn(next.run.id)).answer(200, ANSWER)
    await quiet(server)
    await eventually(async () => (await person.client.readRun(next.run.id)).status === 'completed')
    expect(await socket.ask('cancel', { ...cancel, runId: next.run.id })).toMatchObject({
      run: { status: 'completed' },
    })
  })
})
