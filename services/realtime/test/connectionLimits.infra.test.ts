import { connect as connectTcp } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { newId } from '@shared/domain/ids'
import type { ErrorBody } from '../../../test/server/apiClient.ts'
import { type SocketOptions, type TestSocket, connectSocket } from '../../../test/server/connectSocket.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { expectRefused } from '../../../test/server/expectRefused.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Person } from '../../../test/server/tenant.ts'

const USER = 3
const KEY = 5
const ADDRESS = 6

let server: TestServer
const closing: { close(): void }[] = []

beforeAll(async () => {
  server = await startTestServer({
    limits: { connections: { user: USER, key: KEY, address: ADDRESS }, trustedProxies: 1 },
  })
})
afterEach(() => {
  for (const one of closing.splice(0)) one.close()
})
afterAll(() => server?.close())

async function connect(options: SocketOptions): Promise<TestSocket> {
  const socket = await connectSocket(server.url, options)
  closing.push(socket)
  return socket
}

/** Somebody with a session whose run waits for its agent app. */
async function somebody(): Promise<Person & { sessionId: string; taken(): number; full(): Promise<void> }> {
  const person = await server.main.newPerson()
  const { id: sessionId } = await person.client.createSession({ agent: 'staged' })
  const taken = () => server.limits.places.taken({ kind: 'user', id: person.id })
  return {
    ...person,
    sessionId,
    taken,
    /** Takes all places. */
    async full() {
      while (taken() < USER) await connect({ token: person.token })
    },
  }
}

const REFUSED = { code: 'too_many_connections', message: expect.stringContaining('close'), retryAfter: 10 }

describe('one connection too many', () => {
  test('is refused as a socket, whichever its transport', async () => {
    const person = await somebody()
    await person.full()
    for (const transports of [['websocket'], ['polling']])
      await expect(connect({ token: person.token, transports })).rejects.toMatchObject({ data: REFUSED })
    expect(person.taken()).toBe(USER)
  })

  test('is refused as a stream, and as a message that would be answered by one, and leaves nothing behind', async () => {
    const person = await somebody()
    await person.full()
    const { run } = await person.client.say(person.sessionId, 'x')
    const messages = `/v1/sessions/${person.sessionId}/messages`
    const refused = (method: string, path: string, body: object | undefined, headers = {}) =>
      expectRefused(server, 429, 'too_many_connections', async () => {
        const answer = await person.client.request(method, path, { ...(body && { body }), headers })
        expect(answer.headers.get('retry-after')).toBe('10')
        return answer
      })
    const stream = { accept: 'text/event-stream' }
    await refused('GET', `/v1/sessions/${person.sessionId}/events`, undefined, stream)
    await refused('GET', `/v1/runs/${run.id}/events`, undefined, stream)
    for (const headers of [stream, { prefer: 'wait=5' }]) {
      await refused('POST', messages, { input: 'y' }, headers)
      await refused('POST', '/v1/messages', { agent: 'echo', input: 'y' }, headers)
    }
    // What is answered at once needs no place.
    await person.client.say(person.sessionId, 'z')
    expect(person.taken()).toBe(USER)
  })

  test('of another principal is none', async () => {
    const [full, other] = [await somebody(), await somebody()]
    await full.full()
    await connect({ token: other.token })
    expect(other.taken()).toBe(1)
  })

  test('by a secret key has a limit of its own', async () => {
    const tenant = await server.newTenant()
    for (let times = 0; times < KEY; times++) await connect({ token: tenant.secretKey })
    await expect(connect({ token: tenant.secretKey })).rejects.toMatchObject({ data: REFUSED })
  })

  test('from one address is refused, whoever it is, and a forged header doesn’t help', async () => {
    const headers = (forged: string) => ({ 'x-forwarded-for': `${forged}, 198.51.100.200` })
    const people = await Promise.all(Array.from({ length: ADDRESS + 1 }, () => server.main.newPerson()))
    const last = people.pop()!
    for (const [index, { token }] of people.entries()) await connect({ token, headers: headers(`10.0.0.${index}`) })
    await expect(connect({ token: last.token, headers: headers('1.1.1.1') })).rejects.toMatchObject({ data: REFUSED })
    const { id } = await last.client.createSession({ agent: 'echo' })
    const answer = await last.client.get<ErrorBody>(`/v1/sessions/${id}/events`, headers('2.2.2.2'))
    expect([answer.status, answer.body.error.code]).toEqual([429, 'too_many_connections'])
    await connect({ token: last.token, headers: { 'x-forwarded-for': '198.51.100.201' } })
  })
})

describe('a place is given back', () => {
  let person: Awaited<ReturnType<typeof somebody>>
  const free = () => eventually(() => person.taken() === 0)

  test('when a socket’s client disconnects, or leaves the namespace', async () => {
    person = await somebody()
    const [one, other] = [await connect({ token: person.token }), await connect({ token: person.token })]
    expect(person.taken()).toBe(2)
    one.close()
    await eventually(() => person.taken() === 1)
    // Socket.IO's packet for leaving a namespace; the connection below it stays open on the client's side.
    const { ws } = other.socket.io.engine.transport as unknown as { ws: { send(packet: string): void } }
    ws.send('41/client,')
    await free()
  })

  test('when a socket’s connection breaks', async () => {
    person = await somebody()
    const socket = await connect({ token: person.token })
    const { ws } = socket.socket.io.engine.transport as unknown as { ws: { terminate(): void } }
    ws.terminate()
    await free()
  })

  test('when the server ends it, because its right has ended', async () => {
    person = await somebody()
    const socket = await connect({ token: person.token })
    const stream = await person.client.stream('GET', `/v1/sessions/${person.sessionId}/events`)
    expect(person.taken()).toBe(2)
    await server.broker.publishCuts([{ subject: person.id, reason: 'revoked' }]).catch(() => undefined)
    await Promise.all([socket.disconnected, stream.ended])
    await free()
  })

  test('when a stream’s reader goes, and when a run’s stream has ended', async () => {
    person = await somebody()
    const session = await person.client.stream('GET', `/v1/sessions/${person.sessionId}/events`)
    const { id } = await person.client.createSession({ agent: 'echo' })
    const run = await person.client.stream('POST', `/v1/sessions/${id}/messages`, { body: { input: 'x' } })
    await run.ended
    await eventually(() => person.taken() === 1)
    session.close()
    await free()
  })

  test('when a message that was waited for is answered, and when nobody waits any more', async () => {
    person = await somebody()
    const { id } = await person.client.createSession({ agent: 'echo' })
    await person.client.ask(id, 'x')
    await free()
    const gone = new AbortController()
    const waiting = fetch(`${server.url}/v1/sessions/${person.sessionId}/messages`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${person.token}`,
        'content-type': 'application/json',
        prefer: 'wait=60',
      },
      body: JSON.stringify({ input: 'x' }),
      signal: gone.signal,
    }).catch(() => 'gone')
    await eventually(() => person.taken() === 1)
    gone.abort()
    expect(await waiting).toBe('gone')
    await free()
  })

  test('when what was asked for is refused', async () => {
    person = await somebody()
    for (const path of [`/v1/sessions/${newId('session')}/events`, `/v1/runs/${newId('run')}/events`])
      expect((await person.client.get(path)).status).toBe(404)
    const ahead = await person.client.get(`/v1/sessions/${person.sessionId}/events?after=999`)
    expect(ahead.status).toBe(409)
    const stream = { accept: 'text/event-stream' }
    const absent = `/v1/sessions/${newId('session')}/messages`
    expect((await person.client.post(absent, { input: 'x' }, stream)).status).toBe(404)
    await free()
  })

  test('to those who come and go without a word, one after the other', async () => {
    person = await somebody()
    const { hostname, port } = new URL(server.url)
    for (let times = 0; times < 4 * USER; times++) {
      const socket = connectTcp(Number(port), hostname)
      socket.on('error', () => undefined)
      const path = `/v1/sessions/${person.sessionId}/events`
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${person.token}\r\n\r\n`)
      await eventually(() => person.taken() === 1)
      socket.resetAndDestroy()
      await free()
    }
  })
})
