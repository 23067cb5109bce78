import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { ErrorBody } from '../../../test/server/apiClient.ts'
import { expectRefused } from '../../../test/server/expectRefused.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Person } from '../../../test/server/tenant.ts'

let server: TestServer
let person: Person

beforeAll(async () => {
  server = await startTestServer()
  person = await server.main.newPerson()
})

afterAll(() => server?.close())

const BLOCKED = [
  'https://evil.example',
  'https://shop.example.evil.example',
  'http://shop.example',
  'https://shop.example:8443',
  'https://SHOP.example/',
  'http://localhost:5173',
  'null',
  'file://',
]

describe('a page of a listed origin', () => {
  test('may ask beforehand, and is told what it may send', async () => {
    const headers = { origin: server.main.origin, 'access-control-request-method': 'POST' }
    const answer = await server.client(null).request('OPTIONS', '/v1/messages', { headers })
    expect(answer.status).toBe(204)
    expect(answer.headers.get('access-control-allow-origin')).toBe(server.main.origin)
    expect(answer.headers.get('vary')).toContain('Origin')
    const allowed = answer.headers.get('access-control-allow-headers')!.toLowerCase().split(/,\s*/)
    for (const header of ['authorization', 'content-type', 'idempotency-key', 'prefer', 'last-event-id'])
      expect(allowed).toContain(header)
    expect(answer.headers.get('access-control-allow-methods')!.split(/,\s*/)).toEqual(
      expect.arrayContaining(['GET', 'POST', 'PATCH', 'DELETE']),
    )
    expect(answer.headers.has('access-control-allow-credentials')).toBe(false)
  })

  test('may call, and may read the headers that matter', async () => {
    const headers = { origin: server.main.origin }
    const { status, headers: answered } = await person.client.post('/v1/sessions', { agent: 'echo' }, headers)
    expect(status).toBe(201)
    expect(answered.get('access-control-allow-origin')).toBe(server.main.origin)
    expect(answered.get('access-control-expose-headers')!.split(/,\s*/)).toEqual(
      expect.arrayContaining(['X-Request-Id', 'Idempotent-Replayed', 'Preference-Applied', 'Location', 'Retry-After']),
    )
  })

  test('may read why it was refused', async () => {
    const answer = await person.client.get('/v1/sessions/ses_x', { origin: server.main.origin })
    expect(answer.status).toBe(400)
    expect(answer.headers.get('access-control-allow-origin')).toBe(server.main.origin)
  })

  test('may read streams', async () => {
    const { id } = await person.client.createSession({ agent: 'echo' })
    const headers = { origin: server.main.origin }
    const stream = await person.client.stream('GET', `/v1/sessions/${id}/events`, { headers })
    expect(stream.headers.get('access-control-allow-origin')).toBe(server.main.origin)
    stream.close()
  })

  test('may not call with the credentials of an organization that doesn’t list it', async () => {
    const headers = { origin: server.other.origin }
    for (const client of [person.client, server.main.widget, server.main.client])
      await expectRefused(server, 403, 'origin_not_allowed', () => client.get('/v1/agents', headers))
    await expectRefused(server, 403, 'origin_not_allowed', () =>
      server.main.widget.post('/v1/auth/anonymous', {}, headers),
    )
  })
})

describe('a page of any other origin', () => {
  test.each(BLOCKED)('%s is refused before anything is read', async (origin) => {
    const headers = { origin }
    for (const [method, path, body] of [
      ['POST', '/v1/messages', { agent: 'echo', input: 'x' }],
      ['GET', '/v1/agents', undefined],
      ['POST', '/v1/auth/anonymous', '{ this is not JSON'],
      ['OPTIONS', '/v1/messages', undefined],
      ['GET', '/nowhere', undefined],
    ] as const) {
      const error = await expectRefused(server, 403, 'origin_not_allowed', () =>
        person.client.request(method, path, { headers, ...(body && { body }) }),
      )
      expect(error.message).toContain(origin)
    }
    const answer = await person.client.get('/v1/agents', headers)
    expect(answer.headers.has('access-control-allow-origin')).toBe(false)
  })
})

describe('who needs no listed origin', () => {
  test('is whoever sends none, since he is no browser', async () => {
    expect((await person.client.get('/v1/agents')).status).toBe(200)
  })

  test('is a page that comes from the very host that it calls', async () => {
    expect((await person.client.get('/v1/agents', { origin: server.url })).status).toBe(200)
  })
})

describe('every refusal', () => {
  test('has one shape, without stack or SQL, and the request’s id in body and header', async () => {
    const absent = 'run_01jd0000000000000000000000'
    const answers = [
      await server.client(null).get('/v1/agents'),
      await server.client('av_sk_wrong').get('/v1/agents'),
      await person.client.get(`/v1/runs/${absent}`),
      await person.client.get('/v1/runs/run_x'),
      await person.client.get('/v1/sessions?limit=0'),
      await person.client.post('/v1/sessions', '{'),
      await person.client.post('/v1/sessions', { agent: 'absent' }),
      await server.main.widget.get('/v1/sessions'),
      await person.client.request('PUT', '/v1/sessions', { body: {} }),
      await person.client.get('/nowhere'),
    ]
    expect(answers.map((answer) => answer.status)).toEqual([401, 401, 404, 400, 400, 400, 404, 403, 404, 404])
    for (const answer of answers) {
      const { error, ...rest } = answer.body as ErrorBody
      expect(rest).toEqual({})
      expect(Object.keys(error).filter((key) => key !== 'details')).toEqual(['code', 'message', 'requestId'])
      expect(JSON.stringify(error)).not.toMatch(/\bat \/|node_modules|select |insert |\.ts:/i)
      expect(answer.headers.get('x-powered-by')).toBeNull()
    }
    expect(answers[0]!.headers.get('www-authenticate')).toBe('Bearer')
    expect(new Set(answers.map(({ headers }) => headers.get('x-request-id'))).size).toBe(answers.length)
  })

  test('is the same for what is absent and for what is another’s', async () => {
    const foreign = await server.other.client.createSession({ agent: 'staged' })
    const { run } = await server.other.client.say(foreign.id, 'x')
    const absent = { session: 'ses_01jd0000000000000000000000', run: 'run_01jd0000000000000000000000' }
    const routes = (session: string, runId: string): [string, string][] => [
      ['GET', `/v1/sessions/${session}`],
      ['GET', `/v1/sessions/${session}/items`],
      ['GET', `/v1/sessions/${session}/runs`],
      ['GET', `/v1/sessions/${session}/events`],
      ['POST', `/v1/sessions/${session}/messages`],
      ['GET', `/v1/runs/${runId}`],
      ['GET', `/v1/runs/${runId}/events`],
      ['POST', `/v1/runs/${runId}/cancel`],
    ]
    const ask = async ([method, path]: [string, string]) => {
      const body = path.endsWith('/messages') ? { body: { input: 'x' } } : {}
      const { error } = (await person.client.request<ErrorBody>(method, path, body)).body
      return { ...error, requestId: '' }
    }
    for (const [index, place] of routes(foreign.id, run.id).entries())
      expect(await ask(place)).toEqual(await ask(routes(absent.session, absent.run)[index]!))
    await server.other.client.cancel(run.id)
  })
})

test('health, metrics and the OpenAPI document are for everybody', async () => {
  const get = async (path: string) => (await fetch(server.url + path)).status
  expect(await Promise.all(['/health/live', '/health/ready', '/metrics', '/openapi.json'].map(get))).toEqual([
    200, 200, 200, 200,
  ])
})
