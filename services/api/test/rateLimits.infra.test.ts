import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Answer, ErrorBody } from '../../../test/server/apiClient.ts'
import { type TestSocket, connectSocket } from '../../../test/server/connectSocket.ts'
import { expectRefused } from '../../../test/server/expectRefused.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import { describeWithRedis } from '../../../test/redis.ts'

const USER = 20
const KEY = 60
const ADDRESS = 10

function conformance(broker: 'redis' | 'postgres'): void {
  let server: TestServer
  const sockets: TestSocket[] = []

  beforeAll(async () => {
    const rates = { user: USER, key: KEY, address: ADDRESS }
    server = await startTestServer({ broker, limits: { rates, trustedProxies: 1 } })
  })
  afterAll(async () => {
    for (const socket of sockets) socket.close()
    await server?.close()
  })

  let addresses = 0
  /** As the proxy in front of us writes it: nobody has asked from there before. */
  const newAddress = () => `198.51.100.${++addresses}`
  const via = (...forwarded: string[]) => ({ 'x-forwarded-for': forwarded.join(', ') })

  /** Asks until it is refused; the answers before that. */
  async function untilRefused(ask: (times: number) => Promise<Answer>, most = 200): Promise<[Answer[], Answer]> {
    const before: Answer[] = []
    while (before.length < most) {
      const answer = await ask(before.length)
      if (answer.status === 429) return [before, answer]
      before.push(answer)
    }
    throw new Error(`${most} requests were answered`)
  }

  test('every answer of a limited route says what is left, and too much is refused with when to come again', async () => {
    const person = await server.main.newPerson()
    const [before, refused] = await untilRefused(() => person.client.get('/v1/sessions'))
    expect(before.map(({ headers }) => headers.get('ratelimit-remaining'))).toEqual(
      Array.from({ length: USER }, (_, index) => String(USER - 1 - index)),
    )
    for (const { headers } of [...before, refused]) {
      expect(headers.get('ratelimit-limit')).toBe(String(USER))
      expect(Number(headers.get('ratelimit-reset'))).toBeGreaterThan(0)
      expect(Number(headers.get('ratelimit-reset'))).toBeLessThanOrEqual(60)
    }
    const { error } = refused.body as ErrorBody & { error: { retryAfter: number } }
    expect(error).toMatchObject({ code: 'rate_limited', message: expect.stringContaining('wait') })
    expect(refused.headers.get('retry-after')).toBe(String(error.retryAfter))
    expect(refused.headers.get('ratelimit-remaining')).toBe('0')
  })

  test('a message over the limit leaves nothing behind, on every route alike', async () => {
    const person = await server.main.newPerson()
    const { id } = await person.client.createSession({ agent: 'echo' })
    await untilRefused(() => person.client.get('/v1/agents'))
    const post = (path: string, body: object, headers = {}) =>
      expectRefused(server, 429, 'rate_limited', () => person.client.post(path, body, headers))
    await post(`/v1/sessions/${id}/messages`, { input: 'x' })
    await post(`/v1/sessions/${id}/messages`, { input: 'x' }, { accept: 'text/event-stream' })
    await post(`/v1/sessions/${id}/messages?`, { input: 'x' }, { 'idempotency-key': 'k' })
    await post('/v1/messages', { agent: 'echo', input: 'x' })
    await expectRefused(server, 429, 'rate_limited', () => person.client.get(`/v1/sessions/${id}/events`))
  })

  test('one principal’s limit is nobody else’s', async () => {
    const [one, other] = [await server.main.newPerson(), await server.main.newPerson()]
    await untilRefused(() => one.client.get('/v1/agents'))
    expect((await other.client.get('/v1/agents')).status).toBe(200)
  })

  test('a batch counts as many as its messages', async () => {
    const tenant = await server.newTenant()
    const entry = { agent: 'echo', input: 'x' }
    const answer = await tenant.client.post('/v1/messages/batch', { messages: Array.from({ length: 50 }, () => entry) })
    expect([answer.status, answer.headers.get('ratelimit-remaining')]).toEqual([200, String(KEY - 50)])
    const body = { messages: Array.from({ length: 20 }, () => entry) }
    await expectRefused(server, 429, 'rate_limited', () => tenant.client.post('/v1/messages/batch', body))
    expect((await tenant.client.get('/v1/agents')).headers.get('ratelimit-remaining')).toBe(String(KEY - 52))
  })

  test('rate-limit bypass: many sessions of one principal', async () => {
    const person = await server.main.newPerson()
    const [before] = await untilRefused(async (times) => {
      if (times % 2 === 0) return person.client.post('/v1/sessions', { agent: 'echo' })
      const { data } = (await person.client.get<{ data: { id: string }[] }>('/v1/sessions?limit=1')).body
      return person.client.post(`/v1/sessions/${data?.[0]?.id}/messages`, { input: 'x' })
    })
    expect(before.length).toBeLessThanOrEqual(USER)
    const messages = Array.from({ length: 10 }, () => person.client.post('/v1/messages', { agent: 'echo', input: 'x' }))
    expect((await Promise.all(messages)).map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 429))
  })

  test('rate-limit bypass: many sockets of one principal', async () => {
    const person = await server.main.newPerson()
    const { id: sessionId } = await person.client.createSession({ agent: 'echo' })
    const own = await Promise.all([1, 2, 3, 4].map(() => connectSocket(server.url, { token: person.token })))
    sockets.push(...own)
    let accepted = 0
    for (let times = 0; times < 2 * USER; times++) {
      const socket = own[times % own.length]!
      const idempotencyKey = `k${times}`
      const answer =
        times < own.length
          ? await socket.ask('subscribe', { sessionId, after: 0 })
          : await socket.ask('message', { sessionId, input: 'x', idempotencyKey })
      if (!answer.error) accepted++
      else expect(answer.error).toMatchObject({ code: 'rate_limited', retryAfter: expect.any(Number) })
    }
    // The session itself was made by HTTP, which counts the same.
    expect(accepted).toBe(USER - 1)
    const runId = 'run_01jd0000000000000000000000'
    const refused = { error: { code: 'rate_limited' } }
    expect(await own[0]!.ask('cancel', { runId, idempotencyKey: 'c' })).toMatchObject(refused)
    expect(await own[1]!.ask('resume', { runId, idempotencyKey: 'r', pauseId: 'p' })).toMatchObject(refused)
    expect(await own[2]!.ask('unsubscribe', { sessionId })).toEqual({ ok: true })
    expect((await person.client.get('/v1/agents')).status).toBe(429)
  })

  test('rate-limit bypass: another protocol', async () => {
    const person = await server.main.newPerson()
    const agno = () => fetch(`${server.url}/agno/agents`, { headers: { authorization: `Bearer ${person.token}` } })
    for (let times = 0; times < USER; times++) expect((await agno()).status).toBe(200)
    const refused = await agno()
    expect([refused.status, Number(refused.headers.get('retry-after')) > 1]).toEqual([429, true])
    expect(await refused.json()).toEqual({ detail: expect.stringContaining('wait') })
    expect((await person.client.get('/v1/agents')).status).toBe(429)
  })

  test('rate-limit bypass: several tokens of one principal', async () => {
    const person = await server.main.newPerson()
    const tokens = await Promise.all([1, 2, 3].map(() => server.tokens.issue(server.main.organizationId, person.id)))
    const clients = [person.client, ...tokens.map(({ token }) => server.client(token))]
    const [before] = await untilRefused((times) => clients[times % clients.length]!.get('/v1/agents'))
    expect(before).toHaveLength(USER)
  })

  test('rate-limit bypass: forged X-Forwarded-For', async () => {
    const address = newAddress()
    const { widget } = server.main
    const [before] = await untilRefused((times) =>
      widget.post('/v1/auth/anonymous', {}, via(`10.9.8.${times}`, `2001:db8::${times}`, address)),
    )
    expect(before.map(({ status }) => status)).toEqual(Array.from({ length: ADDRESS }, () => 201))
    const more = { refreshToken: 'x'.repeat(43) }
    for (const path of ['/v1/auth/anonymous', '/v1/auth/refresh'])
      expect((await widget.post(path, path.endsWith('refresh') ? more : {}, via('1.1.1.1', address))).status).toBe(429)
    expect((await widget.post('/v1/auth/anonymous', {}, via(address, newAddress()))).status).toBe(201)
    // Another key gains nothing: publishable keys are there for everybody to read.
    expect((await server.other.widget.get('/v1/agents', via(address))).status).toBe(429)
  })

  test('rate-limit bypass: many IPv6 addresses of one subscriber', async () => {
    const { widget } = server.main
    const [before] = await untilRefused((times) =>
      widget.get('/v1/agents', via(`2001:db8:77:1:${times.toString(16)}::${times}`)),
    )
    expect(before).toHaveLength(ADDRESS)
    expect((await widget.get('/v1/agents', via('2001:db8:77:2::1'))).status).toBe(200)
  })

  test('failed logins count against their address, and known credentials go on', async () => {
    const address = newAddress()
    const person = await server.main.newPerson()
    expect((await person.client.get('/v1/agents', via(address))).status).toBe(200)
    const [before] = await untilRefused((times) =>
      server.client(`av_sk_${String(times).padStart(43, 'x')}`).get('/v1/sessions', via(address)),
    )
    expect(before.map(({ status }) => status)).toEqual(Array.from({ length: ADDRESS }, () => 401))
    const socket = connectSocket(server.url, { token: 'wrong', headers: via(address) })
    await expect(socket).rejects.toMatchObject({ data: { code: 'rate_limited', retryAfter: expect.any(Number) } })
    expect((await person.client.get('/v1/agents', via(address))).status).toBe(200)
    const stranger = await server.main.newPerson()
    expect((await stranger.client.get('/v1/agents', via(address))).status).toBe(429)
    expect((await stranger.client.get('/v1/agents', via(newAddress()))).status).toBe(200)
  })

  test('failed logins count by socket, too', async () => {
    const address = newAddress()
    const codes: string[] = []
    for (let times = 0; times <= ADDRESS; times++) {
      const connecting = connectSocket(server.url, { token: `wrong ${times}`, headers: via(address) })
      codes.push(await connecting.then(String, (error: { data: { code: string } }) => error.data.code))
    }
    expect(codes).toEqual([...Array.from({ length: ADDRESS }, () => 'unauthorized'), 'rate_limited'])
  })
}

describe('limits, counted in Postgres', () => conformance('postgres'))
describeWithRedis('limits, counted in Redis', () => conformance('redis'))

test('without a trusted proxy X-Forwarded-For says nothing, and one is told so', async () => {
  const server = await startTestServer({ limits: { rates: { user: 0, key: 0, address: 3 } } })
  try {
    const statuses: number[] = []
    for (let times = 0; times < 5; times++) {
      const headers = { 'x-forwarded-for': `198.51.100.${times}` }
      statuses.push((await server.main.widget.post('/v1/auth/anonymous', {}, headers)).status)
    }
    expect(statuses).toEqual([201, 201, 201, 429, 429])
  } finally {
    await server.close()
  }
})

test('without limits no header tells of one', async () => {
  const server = await startTestServer()
  try {
    const { headers } = await server.main.client.get('/v1/agents')
    expect([...headers.keys()].filter((name) => name.startsWith('ratelimit'))).toEqual([])
  } finally {
    await server.close()
  }
})
