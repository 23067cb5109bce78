import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Run, Session } from '@shared/domain/objects'
import type { Acceptance, ErrorBody, Waited } from '../../../test/server/apiClient.ts'
import { countRows } from '../../../test/server/countRows.ts'
import { expectLinked, typesOf } from '../../../test/server/eventChecks.ts'
import { expectRefused } from '../../../test/server/expectRefused.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Person } from '../../../test/server/tenant.ts'

let server: TestServer
let person: Person
let keys = 0

beforeAll(async () => {
  server = await startTestServer()
  person = await server.main.newPerson()
})

afterAll(() => server?.close())

const newKey = () => `key-${++keys}`
const newSession = async (agent = 'echo') => (await person.client.createSession({ agent })).id
const send = <Body = Acceptance>(sessionId: string, key: string, body: object = { input: 'x' }, prefer?: string) =>
  person.client.post<Body>(`/v1/sessions/${sessionId}/messages`, body, {
    'idempotency-key': key,
    ...(prefer && { prefer }),
  })
const acceptanceOf = ({ run, item, seq }: Acceptance) => ({ runId: run.id, itemId: item.id, seq })

describe('a message that is sent again under its key', () => {
  test('is answered with the same acceptance and makes nothing', async () => {
    const sessionId = await newSession()
    const key = newKey()
    const first = await send(sessionId, key)
    await person.client.stream('GET', `/v1/runs/${first.body.run.id}/events`).then((stream) => stream.ended)
    const before = await countRows(server.db)
    const again = await send(sessionId, key)
    expect(again.status).toBe(202)
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    expect(again.headers.get('location')).toBe(first.headers.get('location'))
    expect(acceptanceOf(again.body)).toEqual(acceptanceOf(first.body))
    expect(again.body.run.status).toBe('completed')
    expect(await countRows(server.db)).toEqual(before)
  })

  test('may wait for the run of its acceptance', async () => {
    const sessionId = await newSession()
    const key = newKey()
    const first = await send(sessionId, key)
    const again = await send<Waited>(sessionId, key, { input: 'x' }, 'wait=30')
    expect(again.status).toBe(200)
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    expect(again.headers.get('preference-applied')).toBe('wait=30')
    expect(acceptanceOf(again.body)).toEqual(acceptanceOf(first.body))
    expect(again.body.items).toHaveLength(2)
  })

  test('may be answered with the events of its run, also when that has ended', async () => {
    const sessionId = await newSession()
    const key = newKey()
    const { body } = await send<Waited>(sessionId, key, { input: 'x' }, 'wait=30')
    const stream = await person.client.stream('POST', `/v1/sessions/${sessionId}/messages`, {
      body: { input: 'x' },
      headers: { 'idempotency-key': key },
    })
    await stream.ended
    expect(stream.headers.get('idempotent-replayed')).toBe('true')
    expectLinked(stream.events)
    expect(stream.events[0]!.runId).toBe(body.run.id)
    expect(typesOf(stream.events).at(-1)).toBe('run.completed')
  })

  test('with another body or in another session is refused and leaves nothing behind', async () => {
    const sessionId = await newSession()
    const key = newKey()
    await send<Waited>(sessionId, key, { input: 'x' }, 'wait=30')
    const elsewhere = await newSession()
    await expectRefused(server, 422, 'idempotency_mismatch', () => send(sessionId, key, { input: 'y' }))
    await expectRefused(server, 422, 'idempotency_mismatch', () => send(elsewhere, key))
  })

  test('twenty times at once is accepted once', async () => {
    const sessionId = await newSession()
    const key = newKey()
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(sessionId, key)))
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.run.id}`)).size).toBe(1)
    expect(answers.filter(({ headers }) => !headers.has('idempotent-replayed'))).toHaveLength(1)
    const { body } = await person.client.get<{ data: unknown[] }>(`/v1/sessions/${sessionId}/runs`)
    expect(body.data).toHaveLength(1)
  })

  test('by somebody else is another message', async () => {
    const sessionId = await newSession()
    const key = newKey()
    const mine = await send(sessionId, key)
    const path = `/v1/sessions/${sessionId}/messages`
    const servers = await server.main.client.post<Acceptance>(path, { input: 'x' }, { 'idempotency-key': key })
    expect(servers.headers.has('idempotent-replayed')).toBe(false)
    expect(servers.body.run.id).not.toBe(mine.body.run.id)
  })

  test('that was refused may be sent again under the same key', async () => {
    const sessionId = await newSession('staged')
    const first = await send(sessionId, newKey())
    const key = newKey()
    const body = { input: 'x', onBusy: 'reject' }
    const busy = await expectRefused(server, 409, 'session_busy', () => send<ErrorBody>(sessionId, key, body))
    expect(busy.activeRunId).toBe(first.body.run.id)
    await person.client.cancel(first.body.run.id)
    const again = await send(sessionId, key, body)
    expect(again.status).toBe(202)
    expect(again.headers.has('idempotent-replayed')).toBe(false)
    await person.client.cancel(again.body.run.id)
  })
})

describe('a session that is created again under its key', () => {
  const create = (key: string, body: object = { agent: 'echo' }) =>
    server.main.client.post<Session>('/v1/sessions', body, { 'idempotency-key': key })

  test('is the same session, also twenty times at once', async () => {
    const key = newKey()
    const before = await countRows(server.db)
    const answers = await Promise.all(Array.from({ length: 20 }, () => create(key)))
    const after = await countRows(server.db)
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1)
    expect(answers.filter(({ headers }) => !headers.has('idempotent-replayed'))).toHaveLength(1)
    expect(after['sessions']! - before['sessions']!).toBe(1)
    expect(after['end_users']! - before['end_users']!).toBe(1)
  })

  test('with another body is refused', async () => {
    const key = newKey()
    await create(key)
    await expectRefused(server, 422, 'idempotency_mismatch', () => create(key, { agent: 'steps' }))
  })
})

describe('a message that begins its session, sent again under its key', () => {
  const begin = <Body = Acceptance>(key: string, headers: Record<string, string> = {}, input = 'x') =>
    server.main.client.post<Body>('/v1/messages', { agent: 'echo', input }, { 'idempotency-key': key, ...headers })

  test('is one session, one run and one end user, also twenty times at once', async () => {
    const key = newKey()
    const before = await countRows(server.db)
    const answers = await Promise.all(Array.from({ length: 20 }, () => begin(key)))
    const after = await countRows(server.db)
    expect(new Set(answers.map(({ body }) => `${body.session!.id} ${body.run.id}`)).size).toBe(1)
    for (const table of ['sessions', 'runs', 'end_users', 'idempotency_keys'])
      expect([table, after[table]! - before[table]!]).toEqual([table, 1])
  })

  test('may wait, and is refused with another body', async () => {
    const key = newKey()
    const first = await begin(key)
    const again = await begin<Waited>(key, { prefer: 'wait=30' })
    expect(again.status).toBe(200)
    expect(again.body.session!.id).toBe(first.body.session!.id)
    await expectRefused(server, 422, 'idempotency_mismatch', () => begin(key, {}, 'y'))
  })
})

describe('a request whose agent has got a new version meanwhile, which would refuse it', () => {
  const input = (type: string) => ({ type: 'object', properties: { type: { const: type } } })
  const publish = (name: string, version: string, type: string) =>
    server.main.publish(
      {
        name,
        version,
        allowUnknownMetadata: false,
        metadata: { [type]: {} },
        runs: [{ type: 'chat', input: { schema: input(type) } }],
      },
      'echo',
    )

  test.each<[string, (name: string) => Promise<{ path: string; body: object }>]>([
    ['a message', async (agent) => ({ path: `/v1/sessions/${await newSession(agent)}/messages`, body: {} })],
    ['a message that begins its session', async (agent) => ({ path: '/v1/messages', body: { agent } })],
  ])('%s is answered as before; as another request it is a mismatch, and without its key refused', async (what, of) => {
    const name = `renewed-${what.length}`
    await publish(name, '1.0.0', 'old')
    const { path, body } = await of(name)
    const post = (key: string, content: string) =>
      person.client.post<Acceptance>(path, { ...body, input: { type: 'old', content } }, { 'idempotency-key': key })
    const key = newKey()
    const first = await post(key, 'x')
    expect(first.status).toBe(202)
    await publish(name, '1.1.0', 'new')
    const again = await post(key, 'x')
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([202, 'true'])
    expect(acceptanceOf(again.body)).toEqual(acceptanceOf(first.body))
    await expectRefused(server, 422, 'idempotency_mismatch', () => post(key, 'y'))
    await expectRefused(server, 422, 'schema_violation', () => post(newKey(), 'x'))
  })

  test('a session is answered as before; as another request it is a mismatch, and without its key refused', async () => {
    await publish('renewed', '1.0.0', 'old')
    const create = (key: string, value: number) =>
      server.main.client.post<Session>(
        '/v1/sessions',
        { agent: 'renewed', metadata: { old: value } },
        { 'idempotency-key': key },
      )
    const key = newKey()
    const first = await create(key, 1)
    expect(first.status).toBe(201)
    await publish('renewed', '1.1.0', 'new')
    const again = await create(key, 1)
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 'true'])
    expect(again.body.id).toBe(first.body.id)
    await expectRefused(server, 422, 'idempotency_mismatch', () => create(key, 2))
    await expectRefused(server, 422, 'schema_violation', () => create(newKey(), 1))
  })

  test('a run that an agent app begins by itself is answered as before; without its key it is refused', async () => {
    await publish('renewed-run', '1.0.0', 'old')
    const sessionId = await newSession('renewed-run')
    const begin = (key: string, content: string) =>
      server.main.client.post<Run>(
        `/v1/sessions/${sessionId}/runs`,
        { input: { type: 'old', content }, status: 'completed', items: [{ type: 'old' }] },
        { 'idempotency-key': key },
      )
    const key = newKey()
    const first = await begin(key, 'x')
    expect(first.status).toBe(201)
    await publish('renewed-run', '1.1.0', 'new')
    const again = await begin(key, 'x')
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 'true'])
    expect(again.body.id).toBe(first.body.id)
    await expectRefused(server, 422, 'idempotency_mismatch', () => begin(key, 'y'))
    await expectRefused(server, 422, 'schema_violation', () => begin(newKey(), 'x'))
  })
})
