import { type Socket as NetSocket, connect } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { SOCKET_MESSAGES } from '@shared/contracts/sockets'
import { type TestSocket, connectSocket } from '../../../test/server/connectSocket.ts'
import { countRows } from '../../../test/server/countRows.ts'
import { expectContiguous } from '../../../test/server/eventChecks.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Person } from '../../../test/server/tenant.ts'

let server: TestServer
let person: Person
let sessionId: string
const sockets: TestSocket[] = []

beforeAll(async () => {
  server = await startTestServer()
  person = await server.main.newPerson()
  sessionId = (await person.client.createSession({ agent: 'echo' })).id
})

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close()
  await eventually(() => server.feeds.watched() === 0)
})

afterAll(() => server?.close())

async function open(transports?: string[]): Promise<TestSocket> {
  const socket = await connectSocket(server.url, { token: person.token, ...(transports && { transports }) })
  sockets.push(socket)
  return socket
}

/** The socket and the server still do what they should. */
async function expectAlive(socket: TestSocket): Promise<void> {
  expect(await socket.ask('subscribe', { sessionId, after: 0 })).toMatchObject({ ok: true })
}

const nested = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`)
const KEY = { idempotencyKey: 'k' }

describe('a payload that is malformed', () => {
  test.each<[string, unknown[]]>([
    ['nothing', []],
    ['null', [null]],
    ['a text', ['subscribe']],
    ['a number', [5]],
    ['a list', [[1]]],
    ['an empty object', [{}]],
    ['several arguments', [1, 2, 3]],
    ['no session that could be one', [{ sessionId: 'ses_1', after: 0, runId: 'run_1', token: '', ...KEY, input: 'x' }]],
    ['lists in lists, 1,000 deep', [{ a: nested(1_000) }]],
    ['a forbidden key', [JSON.parse('{"__proto__": {"ok": true}}')]],
    ['NUL', [{ token: 'a\u0000', sessionId: '\u0000' }]],
  ])('%s is refused by every kind of message, with and without an acknowledgement', async (_what, payload) => {
    const socket = await open()
    const before = await countRows(server.db)
    for (const name of Object.keys(SOCKET_MESSAGES)) {
      socket.socket.emit(name, ...payload)
      expect(await socket.ask(name, ...payload)).toMatchObject({
        error: { code: 'invalid_request', details: [{ message: expect.any(String) }] },
      })
    }
    await expectAlive(socket)
    expect(await countRows(server.db)).toEqual(before)
  })

  test('of one member that is wrong is refused by where it is', async () => {
    const socket = await open()
    const refused = async (name: string, message: object, path: string) => {
      const { error } = await socket.ask(name, message)
      expect([name, error?.code, error?.details?.[0]?.path]).toEqual([name, 'invalid_request', path])
    }
    for (const after of [-1, 1.5, '0', null, 2 ** 53]) await refused('subscribe', { sessionId, after }, '/after')
    await refused('subscribe', { sessionId, after: 0, status: 'x' }, '')
    const message = { sessionId, input: 'x', ...KEY }
    await refused('message', { ...message, organizationId: 'org_1' }, '')
    await refused('message', { sessionId, input: 'x' }, '')
    for (const idempotencyKey of ['', 'a b', 'x'.repeat(256), 5])
      await refused('message', { ...message, idempotencyKey }, '/idempotencyKey')
    await refused('message', { ...message, input: { a: nested(64) } }, `/input/a${'/0'.repeat(62)}`)
    await refused('message', { ...message, input: { a: '\ud83d' } }, '/input/a')
    await refused('message', { ...message, input: { a: '\u0000' } }, '/input/a')
    await refused('auth', { token: 'x'.repeat(8_193) }, '/token')
  })

  test('of bytes where JSON is wanted is refused', async () => {
    const socket = await open()
    for (const input of [Buffer.from('x'), { deep: [new Uint8Array(1_000_000)] }, new ArrayBuffer(3)]) {
      const { error } = await socket.ask('message', { sessionId, input, ...KEY })
      expect(error?.code).toBe('invalid_request')
    }
    await expectAlive(socket)
  })

  test('of an item of more than 256 KiB is refused, and the socket goes on', async () => {
    const socket = await open()
    const before = await countRows(server.db)
    const large = { sessionId, input: { a: 'x'.repeat(262_144) }, idempotencyKey: 'large-item' }
    expect(await socket.ask('message', large)).toMatchObject({ error: { code: 'payload_too_large' } })
    expect(await countRows(server.db)).toEqual(before)
    await expectAlive(socket)
  })

  test('of a kind that nobody knows is passed over', async () => {
    const socket = await open()
    for (const name of ['destroy', 'constructor', '__proto__', 'toString', '', 'newListener2'])
      socket.socket.emit(name, { sessionId }, () => undefined)
    await expectAlive(socket)
  })

  test('doesn’t harm when nobody wants an answer', async () => {
    const socket = await open()
    socket.socket.emit('subscribe', { sessionId, after: 0 })
    socket.socket.emit('message', { sessionId, input: 'no answer wanted', idempotencyKey: 'unanswered' })
    socket.socket.emit('unsubscribe', 'x')
    await socket.until((events) => events.some((event) => event.type === 'run.completed'))
  })
})

describe('a packet that breaks the protocol', () => {
  interface Transport {
    ws: { send(data: string | Uint8Array): void; _socket: NetSocket }
  }
  const transportOf = (socket: TestSocket) => socket.socket.io.engine.transport as unknown as Transport

  test.each([
    ['garbage', '4!garbage'],
    ['no JSON', '42/client,{'],
    ['an event without a name', '42/client,[]'],
    ['an event of a reserved name', '42/client,["disconnect"]'],
    ['an acknowledgement that nobody waits for', '43/client,99999[1]'],
    ['an event of another namespace', '42/admin,["subscribe"]'],
    ['attachments that don’t come', '451-/client,["message",{"_placeholder":true,"num":7}]'],
    ['JSON 100,000 deep', `42/client,["subscribe",${'['.repeat(100_000)}${']'.repeat(100_000)}]`],
  ])('of %s ends nothing but its own socket', async (_what, packet) => {
    const [hostile, other] = [await open(), await open()]
    transportOf(hostile).ws.send(packet)
    await expectAlive(other)
    await expectAlive(await open())
  })

  test('of more than 1 MiB disconnects its sender, by either transport', async () => {
    const before = await countRows(server.db)
    for (const transport of ['websocket', 'polling']) {
      const socket = await open([transport])
      const input = 'x'.repeat(1_048_576)
      socket.socket.emit('message', { sessionId, input, idempotencyKey: 'large' })
      expect(await socket.disconnected).toMatch(/transport/)
    }
    expect(await countRows(server.db)).toEqual(before)
    await expectAlive(await open())
  })
})

test('whoever asks for an upgrade elsewhere, such as curl --http2, is told that there is none', async () => {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  const head = ['Host: x', `Authorization: Bearer ${person.token}`, 'Connection: Upgrade', 'Upgrade: h2c', '', '']
  socket.write(['GET /v1/sessions HTTP/1.1', ...head].join('\r\n'))
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"invalid_request","message":"[^"]*without the header Upgrade/)
})

describe('a socket that never reads', () => {
  test('is cut and closed, and another goes on by its cursor', async () => {
    const { id } = await person.client.createSession({ agent: 'steps' })
    const deaf = await open()
    await deaf.ask('subscribe', { sessionId: id, after: 0 })
    await deaf.until((events) => events.length === 1)
    const transport = deaf.socket.io.engine.transport as unknown as { ws: { _socket: NetSocket } }
    // Kept: a client that hears no ping gives it up by itself, if the server is slow to cut it.
    const wire = transport.ws._socket
    wire.pause()
    // Several times what the kernel's buffers and ours hold.
    for (let rounds = 0; rounds < 6; rounds++) {
      await person.client.say(id, { count: 30, bytes: 100_000 })
      await eventually(async () => (await person.client.readSession(id)).lastRun?.status === 'completed')
    }
    await eventually(() => server.feeds.watched() === 0)
    wire.destroy()
    const cursor = deaf.events.at(-1)!.seq
    const { lastSeq } = await person.client.readSession(id)
    expect(cursor).toBeLessThan(lastSeq)
    const next = await open()
    await next.ask('subscribe', { sessionId: id, after: cursor })
    await next.until((events) => events.at(-1)?.seq === lastSeq)
    expectContiguous(next.events, cursor)
  })
})
