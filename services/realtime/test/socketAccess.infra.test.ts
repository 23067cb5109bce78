import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { type SocketOptions, type TestSocket, connectSocket } from '../../../test/server/connectSocket.ts'
import { countRows } from '../../../test/server/countRows.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { type Forgery, forgeToken } from '../../../test/server/forgeToken.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Person } from '../../../test/server/tenant.ts'

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

async function connect(options: SocketOptions): Promise<TestSocket> {
  const socket = await connectSocket(server.url, options)
  sockets.push(socket)
  return socket
}

const tokenOf = (someone: Person, forgery?: Forgery) =>
  forgeToken(server.secret, { id: someone.id, organizationId: server.main.organizationId }, forgery)
const refused = (options: SocketOptions, code: string) =>
  expect(connect(options)).rejects.toMatchObject({ data: { code, requestId: expect.stringMatching(/^req_/) } })

describe('a connection', () => {
  test('is given to an end user and to a server', async () => {
    for (const token of [person.token, server.main.secretKey]) {
      const socket = await connect({ token })
      const { id } = await person.client.createSession({ agent: 'echo' })
      expect(await socket.ask('subscribe', { sessionId: id, after: 0 })).toEqual({ ok: true, lastSeq: 1 })
    }
  })

  test('is refused without a sound credential, by either transport', async () => {
    for (const token of [undefined, null, '', 'x', 5, { token: person.token }, [person.token], 'x'.repeat(9_000)])
      await refused({ token }, 'unauthorized')
    await refused({ token: await tokenOf(person, { key: new Uint8Array(32) }) }, 'unauthorized')
    await refused({ token: await tokenOf(person, { aud: 'other' }) }, 'unauthorized')
    await refused({ token: await tokenOf(person, { expiresIn: -5 }) }, 'token_expired')
    await refused({ token: 'x', transports: ['polling'] }, 'unauthorized')
  })

  test('is refused to a publishable key', () => refused({ token: server.main.publishableKey }, 'forbidden'))

  test('is refused to pages that the organization doesn’t list, and given to those that it lists', async () => {
    for (const origin of ['https://evil.example', server.other.origin, 'null'])
      await refused({ token: person.token, origin }, 'origin_not_allowed')
    const socket = await connect({ token: person.token, origin: server.main.origin })
    expect(socket.socket.connected).toBe(true)
  })

  test('exists only in its own namespace', async () => {
    await expect(connect({ token: person.token, namespace: '' })).rejects.toMatchObject({ data: { code: 'not_found' } })
    await expect(connect({ token: person.token, namespace: '/admin' })).rejects.toThrow('Invalid namespace')
  })
})

describe('what is another’s', () => {
  test('is absent for an end user and for another tenant, whatever is asked of it', async () => {
    const [stranger, foreign] = [await server.main.newPerson(), await server.other.newPerson()]
    const { id: sessionId } = await person.client.createSession({ agent: 'staged' })
    const { run } = await person.client.say(sessionId, 'x')
    const turn = await server.stage.turn(run.id)
    const absent = { sessionId: 'ses_01jd0000000000000000000000', runId: 'run_01jd0000000000000000000000' }
    for (const token of [stranger.token, foreign.token, server.other.secretKey]) {
      const socket = await connect({ token })
      const ask = async (name: string, message: object) => {
        const before = await countRows(server.db)
        const { error } = await socket.ask(name, message)
        expect(await countRows(server.db)).toEqual(before)
        return { ...error, requestId: '' }
      }
      for (const [name, more] of [
        ['subscribe', { after: 0 }],
        ['message', { idempotencyKey: 'k', input: 'x' }],
      ] as const) {
        const answer = await ask(name, { sessionId, ...more })
        expect(answer).toMatchObject({ code: 'not_found' })
        expect(answer).toEqual(await ask(name, { sessionId: absent.sessionId, ...more }))
      }
      for (const [name, more] of [
        ['cancel', {}],
        ['resume', { pauseId: 'p', toolResults: [{ callId: 'c1', output: null }] }],
      ] as const) {
        const answer = await ask(name, { runId: run.id, idempotencyKey: 'k', ...more })
        expect(answer).toMatchObject({ code: 'not_found' })
        expect(answer).toEqual(await ask(name, { runId: absent.runId, idempotencyKey: 'k', ...more }))
      }
      expect(socket.events).toEqual([])
    }
    expect((await person.client.readRun(run.id)).status).toBe('running')
    turn.answer(200, { items: [{ type: 'message', content: 'ok' }] })
  })

  test('is never sent to whoever reads something else', async () => {
    const stranger = await server.main.newPerson()
    const mine = await person.client.createSession({ agent: 'echo' })
    const theirs = await stranger.client.createSession({ agent: 'echo' })
    const socket = await connect({ token: person.token })
    await socket.ask('subscribe', { sessionId: mine.id, after: 0 })
    await stranger.client.ask(theirs.id, 'secret')
    await person.client.ask(mine.id, 'hello')
    await socket.until((events) => events.some((event) => event.type === 'run.completed'))
    expect(new Set(socket.events.map((event) => event.sessionId))).toEqual(new Set([mine.id]))
  })
})

describe('a token', () => {
  test('that ends cuts every subscription with its cursor, and closes the socket', async () => {
    const { id: sessionId } = await person.client.createSession({ agent: 'echo' })
    const { id: other } = await person.client.createSession({ agent: 'echo' })
    const socket = await connect({ token: await tokenOf(person, { expiresIn: 3 }) })
    await socket.ask('subscribe', { sessionId, after: 0 })
    await socket.ask('subscribe', { sessionId: other, after: 0 })
    await person.client.ask(sessionId, 'after the subscription began')
    expect(await socket.warned).toEqual({ expiresInMs: expect.any(Number) })
    expect(await socket.disconnected).toBe('io server disconnect')
    const { lastSeq } = await person.client.readSession(sessionId)
    expect(socket.cuts).toEqual([
      { sessionId, reason: 'token_expired', lastSeq },
      { sessionId: other, reason: 'token_expired', lastSeq: 1 },
    ])
    expect(socket.events.filter((event) => event.sessionId === sessionId).at(-1)!.seq).toBe(lastSeq)
    await eventually(() => server.feeds.watched() === 0)
  })

  test('that is renewed in time keeps the socket and its subscriptions', async () => {
    const { id: sessionId } = await person.client.createSession({ agent: 'echo' })
    const socket = await connect({ token: await tokenOf(person, { expiresIn: 3 }) })
    await socket.ask('subscribe', { sessionId, after: 0 })
    expect(await socket.ask('auth', { token: person.token })).toEqual({ ok: true })
    const short = await connect({ token: await tokenOf(person, { expiresIn: 4 }) })
    await short.disconnected
    await person.client.say(sessionId, 'still there')
    await socket.until((events) => events.some((event) => event.type === 'run.completed'))
    expect([socket.socket.connected, socket.cuts]).toEqual([true, []])
  })

  test('of another principal, of none, or that is over doesn’t renew, and the old one goes on', async () => {
    const stranger = await server.main.newPerson()
    const socket = await connect({ token: person.token })
    const renew = async (token: string) => (await socket.ask('auth', { token })).error?.code
    for (const token of [stranger.token, server.main.secretKey, server.main.publishableKey])
      expect(await renew(token)).toBe('forbidden')
    expect(await renew('x')).toBe('unauthorized')
    expect(await renew(await tokenOf(person, { expiresIn: -1 }))).toBe('token_expired')
    const theirs = await stranger.client.createSession({ agent: 'echo' })
    const { error } = await socket.ask('subscribe', { sessionId: theirs.id, after: 0 })
    expect(error?.code).toBe('not_found')
    const mine = await person.client.createSession({ agent: 'echo' })
    expect(await socket.ask('subscribe', { sessionId: mine.id, after: 0 })).toEqual({ ok: true, lastSeq: 1 })
  })
})
