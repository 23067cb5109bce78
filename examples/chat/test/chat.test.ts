import { expect, jest, test } from '@jest/globals'
import type { SessionEvent } from '@shared/domain/events'
import { Chat } from '../core/chat.ts'
import type { Ack, Connection, ConnectionEvents } from '../core/connection.ts'
import { EndUser, isGrant } from '../core/endUser.ts'
import { isKeptOutbox, isKeptSession } from '../core/kept.ts'
import { type KeyValueStore, stored } from '../core/storage.ts'
import { answered, event, run, said, session } from './samples.ts'

jest.useFakeTimers()

const offline: Ack = { ok: false, error: { code: 'not_connected', message: '' } }
const refusal = (code: string): Ack => ({ ok: false, error: { code, message: 'No.' } })
const ok = (body: object): Ack => ({ ok: true, body })

/** A connection whose answers the test gives. */
class FakeConnection implements Connection {
  online = false
  renewals = 0
  requests: { name: string; body: Record<string, unknown> }[] = []
  answer: (name: string, body: Record<string, unknown>) => Ack | Promise<Ack> = () => ok({ ok: true, lastSeq: 0 })
  events: ConnectionEvents
  constructor(events: ConnectionEvents) {
    this.events = events
  }
  open() {
    this.online = true
    this.events.online()
  }
  drop() {
    this.online = false
    this.events.offline(null)
  }
  async request(name: string, body: object): Promise<Ack> {
    if (!this.online) return offline
    this.requests.push({ name, body: body as Record<string, unknown> })
    return this.answer(name, body as Record<string, unknown>)
  }
  async renew() {
    this.renewals++
  }
  hurry() {}
  /** Events that follow one another, as the feed gives them. */
  send(...events: SessionEvent[]) {
    for (const each of events) this.events.event(each)
  }
  of(name: string) {
    return this.requests.filter((request) => request.name === name).map(({ body }) => body)
  }
}

function memory(): KeyValueStore {
  const values = new Map<string, string>()
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  }
}

/** A page of a visitor; another one with the same storage is his reload. */
async function visit(options: { storage?: KeyValueStore; lastSeq?: number; beforeStart?: (chat: Chat) => void } = {}) {
  const { storage = memory(), lastSeq = 0, beforeStart = () => undefined } = options
  let sessions = 0
  const fetch = async (url: string) =>
    url === '/v1/sessions'
      ? Response.json({ ...session, id: `ses_${++sessions}` }, { status: 201 })
      : Response.json({
          token: 't',
          refreshToken: 'r',
          expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
          endUser: { id: 'eu_1' },
        })
  let seq = lastSeq
  let runNo = 0
  const answer: FakeConnection['answer'] = (name) => {
    if (name !== 'message') return ok({ ok: true, lastSeq: seq })
    runNo++
    return ok({ run: run(runNo), item: said(runNo, ''), seq: (seq += 2) })
  }
  const connections: FakeConnection[] = []
  const chat = new Chat({
    loadConfig: async () => ({ publishableKey: 'av_pk_1', agents: [{ name: 'eliza', title: 'ELIZA' }] }),
    fetch,
    openEndUser: (publishableKey) =>
      new EndUser({ publishableKey, fetch, grant: stored(storage, 'user', isGrant), exclusively: (work) => work() }),
    openConnection: (_endUser, events) => {
      const connection = new FakeConnection(events)
      connection.answer = answer
      connections.push(connection)
      return connection
    },
    kept: { session: stored(storage, 'session', isKeptSession), outbox: stored(storage, 'outbox', isKeptOutbox) },
  })
  beforeStart(chat)
  await chat.start()
  const connection = connections[0]!
  return { chat, connection, storage, state: () => chat.getSnapshot() }
}

const settle = (milliseconds = 20) => jest.advanceTimersByTimeAsync(milliseconds)
const accepted = (runNo: number, text: string, seq = 1) => [
  event(seq, 'item.created', { item: said(runNo, text) }),
  event(seq + 1, 'run.queued', { run: run(runNo) }),
]

test('the first message makes a session, follows it, and is sent into it', async () => {
  const { chat, connection, state } = await visit()
  expect(state()).toMatchObject({ phase: 'ready', connection: 'online', sessionId: null })
  chat.send('  Hello ')
  expect(state().outbox).toMatchObject([{ text: 'Hello' }])
  await settle()
  expect(connection.requests.map(({ name }) => name)).toEqual(['subscribe', 'message'])
  expect(connection.of('message')).toMatchObject([{ sessionId: 'ses_1', input: 'Hello' }])
  connection.send(...accepted(1, 'Hello'))
  await settle()
  expect(state()).toMatchObject({ outbox: [], view: { seq: 2 } })
})

test('messages go one after another, each once', async () => {
  const { chat, connection } = await visit()
  for (const text of ['a', 'b', 'c']) chat.send(text)
  await settle()
  expect(connection.of('message').map(({ input }) => input)).toEqual(['a', 'b', 'c'])
})

test('a message without an answer is sent again under the same key when the connection is back', async () => {
  const { chat, connection, state } = await visit()
  const answer = connection.answer
  connection.answer = (name, body) => {
    if (name !== 'message') return answer(name, body)
    connection.drop()
    return offline
  }
  chat.send('Hello')
  chat.send('Are you there?')
  await settle(5_000)
  expect(state().connection).toBe('offline')
  connection.answer = answer
  connection.open()
  await settle()
  const [first, again, second] = connection.of('message')
  expect(again).toEqual(first)
  expect(second).toMatchObject({ input: 'Are you there?' })
})

test('after a cut, a gap and a reconnection it goes on from its cursor', async () => {
  const { chat, connection } = await visit()
  chat.send('Hello')
  await settle()
  connection.send(...accepted(1, 'Hello'))
  connection.events.cut({ sessionId: 'ses_1', reason: 'slow' })
  await settle(400)
  connection.send(event(9, 'item.created', { item: answered(1, 'out of order') }))
  await settle(400)
  connection.drop()
  connection.open()
  await settle()
  expect(connection.of('subscribe').map(({ after }) => after)).toEqual([0, 2, 2, 2])
})

test('events out of order do not put off the new subscription', async () => {
  const { chat, connection } = await visit()
  chat.send('Hello')
  await settle()
  for (let seq = 10; seq < 20; seq++) {
    connection.send(event(seq, 'item.created', { item: answered(1, 'x') }))
    await settle(100)
  }
  expect(connection.of('subscribe').length).toBeGreaterThan(1)
})

test('a reload goes on with the session and with what was not sent', async () => {
  const first = await visit()
  first.chat.send('Hello')
  await settle()
  first.connection.send(...accepted(1, 'Hello'))
  await settle()
  first.connection.drop()
  first.chat.send('Still there?')
  const key = first.state().outbox[0]!.idempotencyKey
  const second = await visit({ storage: first.storage, lastSeq: 2 })
  expect(second.state()).toMatchObject({ sessionId: 'ses_1', restoring: true })
  await settle()
  expect(second.connection.of('subscribe')).toEqual([{ sessionId: 'ses_1', after: 0 }])
  expect(second.connection.of('message')).toMatchObject([{ idempotencyKey: key, input: 'Still there?' }])
  expect(second.state().restoring).toBe(true)
  second.connection.send(...accepted(1, 'Hello'))
  await settle()
  expect(second.state().restoring).toBe(false)
})

test('a kept session that is gone is a new chat', async () => {
  const first = await visit()
  first.chat.send('Hello')
  await settle()
  const second = await visit({ storage: first.storage, lastSeq: 2 })
  second.connection.answer = () => refusal('not_found')
  second.connection.open()
  await settle()
  expect(second.state()).toMatchObject({ sessionId: null, restoring: false, notice: expect.any(String) })
})

test('a log that was set back is read from its beginning', async () => {
  const { chat, connection } = await visit()
  chat.send('Hello')
  await settle()
  connection.send(...accepted(1, 'Hello'))
  const answer = connection.answer
  connection.answer = (name, body) => (Number(body.after) > 0 ? refusal('cursor_ahead') : answer(name, body))
  connection.drop()
  connection.open()
  await settle()
  expect(connection.of('subscribe').map(({ after }) => after)).toEqual([0, 2, 0])
})

test('a refusal for good is shown and does not stop the next message', async () => {
  const { chat, connection, state } = await visit()
  const answer = connection.answer
  connection.answer = (name, body) => (body.input === 'odd' ? refusal('schema_violation') : answer(name, body))
  chat.send('odd')
  chat.send('fine')
  await settle()
  expect(state().outbox).toMatchObject([{ refused: { code: 'schema_violation' } }, { accepted: { runNo: 1 } }])
  const key = state().outbox[0]!.idempotencyKey
  connection.answer = answer
  chat.sendAgain(key)
  await settle()
  expect(connection.of('message').at(-1)).toMatchObject({ input: 'odd' })
  expect(connection.of('message').at(-1)!.idempotencyKey).not.toBe(key)
})

test.each(['rate_limited', 'unavailable', 'idempotency_in_progress'])('%s is tried again later', async (code) => {
  const { chat, connection } = await visit()
  const answer = connection.answer
  connection.answer = (name, body) => (name === 'message' ? refusal(code) : answer(name, body))
  chat.send('Hello')
  await settle()
  connection.answer = answer
  await settle(2_000)
  const [first, again] = connection.of('message')
  expect(again).toEqual(first)
})

test('an expired token is renewed and the message sent again', async () => {
  const { chat, connection } = await visit()
  const answer = connection.answer
  connection.answer = (name, body) =>
    name === 'message' && connection.renewals === 0 ? refusal('token_expired') : answer(name, body)
  chat.send('Hello')
  await settle(2_000)
  expect(connection.renewals).toBe(1)
  expect(connection.of('message')).toHaveLength(2)
})

test('stop cancels the run that is worked on', async () => {
  const { chat, connection, state } = await visit()
  chat.send('Hello')
  await settle()
  connection.send(...accepted(1, 'Hello'), event(3, 'run.started', { run: run(1, { status: 'running' }) }))
  await settle()
  await chat.stop()
  expect(connection.of('cancel')).toMatchObject([{ runId: 'run_1' }])
  expect(state().stopping).toBe('run_1')
  connection.send(event(4, 'run.cancelled', { run: run(1, { status: 'cancelled' }) }))
  await settle()
  expect(state().stopping).toBeNull()
})

test('a new chat leaves everything of the old one', async () => {
  const { chat, connection, state, storage } = await visit()
  chat.send('Hello')
  await settle()
  connection.send(...accepted(1, 'Hello'))
  chat.newChat()
  connection.send(event(3, 'run.started', { run: run(1, { status: 'running' }) }))
  await settle()
  expect(state()).toMatchObject({ sessionId: null, outbox: [], view: { seq: 0 } })
  expect(storage.getItem('session')).toBeNull()
  expect(connection.of('unsubscribe')).toEqual([{ sessionId: 'ses_1' }])
})

test('what was written to a conversation that was deleted goes to the next one', async () => {
  const { chat, connection, state } = await visit()
  chat.send('Hello')
  await settle()
  connection.send(...accepted(1, 'Hello'))
  await settle()
  const answer = connection.answer
  connection.answer = (name, body) => (body.sessionId === 'ses_1' ? refusal('not_found') : answer(name, body))
  chat.send('Are you there?')
  await settle(2_000)
  expect(state()).toMatchObject({ sessionId: 'ses_2', notice: expect.any(String) })
  expect(connection.of('message').at(-1)).toMatchObject({ sessionId: 'ses_2', input: 'Are you there?' })
})

test('what is written before the page is ready is sent', async () => {
  const { chat, connection } = await visit({ beforeStart: (early) => early.send('at once') })
  chat.send('and later')
  await settle()
  expect(connection.of('message').map(({ input }) => input)).toEqual(['at once', 'and later'])
})
