import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Page } from '../../../test/server/apiClient.ts'
import { expectRefused } from '../../../test/server/expectRefused.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Person } from '../../../test/server/tenant.ts'

let server: TestServer
let person: Person
let sessionId: string
let runId: string
let lastSeq: number

beforeAll(async () => {
  server = await startTestServer()
  person = await server.main.newPerson()
  sessionId = (await person.client.createSession({ agent: 'echo' })).id
  runId = (await person.client.ask(sessionId, 'x')).run.id
  lastSeq = (await person.client.readSession(sessionId)).lastSeq
})

afterAll(() => server?.close())

const refused = (path: string, headers: Record<string, string> = {}, code = 'invalid_request', status = 400) =>
  expectRefused(server, status, code, () => person.client.get(path, headers))

const lists = () => [
  '/v1/sessions',
  ...['items', 'runs'].map((what) => `/v1/sessions/${sessionId}/${what}`),
  '/v1/agents',
]
const streams = () => [`/v1/sessions/${sessionId}/events`, `/v1/runs/${runId}/events`]
const cursorOf = (key: unknown) => Buffer.from(JSON.stringify(key)).toString('base64url')

describe('an id', () => {
  test.each([
    ['of nothing', '%20'],
    ['that is too short', 'ses_01jd'],
    ['without its prefix', '01jd0000000000000000000000'],
    ['of another kind', 'run_01jd0000000000000000000000'],
    ['in capitals', 'SES_01JD0000000000000000000000'],
    ['with a letter that isn’t used', 'ses_01jd000000000000000000000u'],
    ['beyond 128 bits', 'ses_81jd0000000000000000000000'],
    ['as a bare UUID', '01932f0e-3c1a-7000-8000-000000000000'],
    ['with SQL in it', `ses_'; drop table sessions; --`],
    ['that climbs', '..%2F..%2Fetc%2Fpasswd'],
    ['with NUL', 'ses_01jd00000000000000000000%00'],
    ['with a line end', 'ses_01jd0000000000000000000000%0d%0aX-Evil:%201'],
    ['without end', `ses_${'0'.repeat(5_000)}`],
    ['with bad percent-encoding', 'ses_%E0%A4%A'],
    ['with a bare percent sign', '%'],
  ])('%s is refused on every route that takes one', async (_what, id) => {
    for (const path of ['', '/items', '/runs', '/events']) await refused(`/v1/sessions/${id}${path}`)
    const send = () => person.client.post(`/v1/sessions/${id}/messages`, { input: 'x' })
    await expectRefused(server, 400, 'invalid_request', send)
    const run = id.replace(/^(run|ses)_/i, (prefix) => (prefix === 'run_' ? 'ses_' : 'run_'))
    for (const path of ['', '/events']) await refused(`/v1/runs/${run}${path}`)
    const cancel = () => person.client.post(`/v1/runs/${run}/cancel`)
    await expectRefused(server, 400, 'invalid_request', cancel)
  })

  test('of an agent that can’t be one is refused or absent', async () => {
    await refused('/v1/agents/%00')
    await refused(`/v1/agents/${'x'.repeat(64)}`)
    await refused('/v1/agents/%C3%28')
    await refused('/v1/agents/__proto__', {}, 'not_found', 404)
  })
})

describe('a limit', () => {
  test.each(['0', '-1', '201', '1e99', '9223372036854775808', '1.5', 'ten', '', 'NaN', 'Infinity', '1&limit=2'])(
    'of "%s" is refused',
    async (limit) => {
      for (const path of lists()) {
        const error = await refused(`${path}?limit=${limit}`)
        expect(error.details![0]!.path).toBe('/limit')
      }
    },
  )
})

describe('a cursor', () => {
  test.each<[string, string]>([
    ['that is no base64', '*'],
    ['of no JSON', Buffer.from('[1').toString('base64url')],
    ['of an object', cursorOf({ id: 1 })],
    ['of nothing', cursorOf([])],
    ['of a negative number', cursorOf([-1])],
    ['of a fraction', cursorOf([1.5])],
    ['of more than an integer of Postgres', cursorOf([2 ** 31])],
    ['of two such', cursorOf([2 ** 31, 2 ** 53])],
    ['of a text', cursorOf(['1'])],
    ['of three numbers', cursorOf([1, 2, 3])],
    ['of an id that is none', cursorOf(['ses_1'])],
    ['of a run', cursorOf(['run_01jd0000000000000000000000'])],
    ['of null', cursorOf([null])],
    ['of lists in lists', cursorOf([[[[[[[[1]]]]]]]])],
    ['of bytes', Buffer.from([0, 255, 254]).toString('base64url')],
  ])('%s is refused', async (_what, cursor) => {
    for (const path of lists()) await refused(`${path}?cursor=${cursor}`, {}, 'invalid_cursor')
  })

  test('of another list is refused', async () => {
    const cursors = [cursorOf([sessionId]), cursorOf([1, 0]), cursorOf([1]), cursorOf(['echo'])]
    for (const [place, path] of lists().entries())
      for (const [kind, cursor] of cursors.entries())
        if (place !== kind) await refused(`${path}?cursor=${cursor}`, {}, 'invalid_cursor')
  })

  test('that is empty or endless is refused', async () => {
    for (const path of lists()) {
      await refused(`${path}?cursor=`)
      await refused(`${path}?cursor=${'A'.repeat(201)}`)
    }
  })

  test('of a session of somebody else is only a place', async () => {
    const other = await server.other.client.createSession({ agent: 'echo' })
    const path = `/v1/sessions?order=asc&cursor=${cursorOf([other.id])}`
    const { status, body } = await person.client.get<Page<unknown>>(path)
    expect([status, body.data]).toEqual([200, []])
  })
})

describe('a query', () => {
  test.each([
    ['a member that isn’t known', 'organizationId=org_1'],
    ['a member twice', 'agent=a&agent=b'],
    ['NUL', 'agent=%00'],
    ['NUL in a name', 'metadata.a%00b=1'],
    ['bad percent-encoding', 'agent=%E0%A4%A'],
    ['bytes that are not UTF-8', 'agent=%C3%28'],
    ['a surrogate by itself', 'agent=%ED%A0%80'],
    ['an order that isn’t one', 'order=sideways'],
    ['a status that isn’t one', 'status=done'],
    ['a space that isn’t one', 'space=moon'],
    ['an end user that isn’t one', 'endUserId=eu_1'],
    ['metadata of no key', 'metadata.=1'],
    ['metadata of a path', 'metadata.a.b=1'],
    ['metadata twice', 'metadata.a=1&metadata.a=2'],
    ['the key __proto__', '__proto__=1'],
    ['the key constructor', 'constructor=1'],
    ['more metadata than ten', Array.from({ length: 11 }, (_, index) => `metadata.k${index}=1`).join('&')],
  ])('with %s is refused', async (_what, query) => {
    await refused(`/v1/sessions?${query}`)
  })

  test('of an end user for somebody else’s sessions is refused', async () => {
    const someone = await server.main.newPerson()
    await refused(`/v1/sessions?endUserId=${someone.id}`, {}, 'not_found', 404)
  })
})

describe('where to read on', () => {
  test.each(['-1', '1.5', '99999999999999999999', 'x', '', '1&after=2', 'NaN'])(
    'after "%s" is refused',
    async (after) => {
      for (const path of streams()) await refused(`${path}?after=${after}`)
    },
  )

  test.each(['-1', '1.5', 'x', '9'.repeat(16), '0x1'])('after the last event "%s" is refused', async (last) => {
    for (const path of streams()) await refused(path, { 'last-event-id': last }, 'invalid_cursor')
  })

  test('beyond the last event is refused, and the last seq is told', async () => {
    for (const path of streams()) {
      for (const after of [lastSeq + 1, Number.MAX_SAFE_INTEGER]) {
        const error = await refused(`${path}?after=${after}`, {}, 'cursor_ahead', 409)
        expect(error.lastSeq).toBe(lastSeq)
      }
      await refused(path, { 'last-event-id': String(lastSeq + 1) }, 'cursor_ahead', 409)
    }
  })
})

describe('a header', () => {
  const send = (headers: Record<string, string>) => () =>
    person.client.post(`/v1/sessions/${sessionId}/messages`, { input: 'x' }, headers)

  test.each([
    ['empty', ''],
    ['too long', 'x'.repeat(256)],
    ['of two words', 'a b'],
    ['sent twice', 'a, b'],
    ['beyond ASCII', 'sch\u00fcssel'],
  ])('Idempotency-Key that is %s is refused', async (_what, key) => {
    await expectRefused(server, 400, 'invalid_request', send({ 'idempotency-key': key }))
  })

  test.each([
    'wait=ten',
    'wait=-1',
    'wait=1.5',
    'wait=',
    'respond-async, wait=x',
    'wait="x"',
    `wait=${'9'.repeat(10)}`,
  ])('Prefer: %s is refused', async (prefer) => {
    await expectRefused(server, 400, 'invalid_request', send({ prefer }))
  })
})
