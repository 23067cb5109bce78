import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Acceptance, Waited } from '../../../test/server/apiClient.ts'
import { countRows, quiet } from '../../../test/server/countRows.ts'
import { contentsOf, expectLinked, typesOf } from '../../../test/server/eventChecks.ts'
import { expectRefused } from '../../../test/server/expectRefused.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Person } from '../../../test/server/tenant.ts'

let server: TestServer
let person: Person

beforeAll(async () => {
  server = await startTestServer()
  person = await server.main.newPerson()
  await server.main.publish({ name: 'typed', runs: [{ type: 'chat' }, { type: 'search' }] }, 'echo')
})

afterAll(() => server?.close())

const begin = (body: object, headers?: Record<string, string>, client = person.client) =>
  client.post<Acceptance>('/v1/messages', body, headers)

describe('a message that begins its session', () => {
  test('is accepted with both, and the metadata is the session’s', async () => {
    const { status, headers, body } = await begin({
      agent: 'typed',
      input: 'hello',
      runType: 'search',
      metadata: { productId: 'p1' },
      title: 'About p1',
      space: 'playground',
    })
    expect(status).toBe(202)
    expect(headers.get('location')).toBe(`/v1/runs/${body.run.id}`)
    expect(body.seq).toBe(3)
    expect(body.run).toMatchObject({ runNo: 1, type: 'search', metadata: {} })
    expect(body.session).toMatchObject({
      id: body.run.sessionId,
      agent: 'typed',
      endUserId: person.id,
      metadata: { productId: 'p1' },
      title: 'About p1',
      space: 'playground',
      state: null,
      version: '1.0.0',
    })
    const log = await server.logOf(body.run.sessionId, (events) => events.length >= 3)
    expect(typesOf(log).slice(0, 3)).toEqual(['session.created', 'item.created', 'run.queued'])
  })

  test('may wait for the end of its run', async () => {
    const { status, body } = await person.client.post<Waited>(
      '/v1/messages',
      { agent: 'echo', input: 'hi' },
      { prefer: 'wait=30' },
    )
    expect(status).toBe(200)
    expect(contentsOf(body.items)).toEqual(['hi', 'You said: hi'])
    expect(body.session).toMatchObject({ agent: 'echo', lastSeq: expect.any(Number) })
    expect(body.session!.lastSeq).toBeGreaterThan(body.seq)
  })

  test('may be answered with the events of its run', async () => {
    const stream = await person.client.stream('POST', '/v1/messages', { body: { agent: 'echo', input: 'hi' } })
    await stream.ended
    expectLinked(stream.events)
    expect(stream.events[0]).toMatchObject({ seq: 2, type: 'item.created' })
    expect(stream.events.at(-1)!.type).toBe('run.completed')
  })
})

describe('whose session it is', () => {
  test('a server names the end user', async () => {
    const { body } = await begin({ agent: 'echo', input: 'x', endUserId: person.id }, {}, server.main.client)
    expect(body.session!.endUserId).toBe(person.id)
    expect((await person.client.readSession(body.session!.id)).id).toBe(body.session!.id)
  })

  test('a server that names nobody gets a new anonymous end user, with session and run at once', async () => {
    await quiet(server)
    const before = await countRows(server.db)
    const { body } = await begin({ agent: 'staged', input: 'x' }, {}, server.main.client)
    const after = await countRows(server.db)
    for (const table of ['end_users', 'sessions', 'session_heads', 'runs', 'items'])
      expect([table, after[table]! - before[table]!]).toEqual([table, 1])
    expect(body.session!.endUserId).not.toBe(person.id)
    await server.main.client.cancel(body.run.id)
  })

  test('an end user may name only himself', async () => {
    const own = await begin({ agent: 'echo', input: 'x', endUserId: person.id })
    expect(own.status).toBe(202)
    const someone = await server.main.newPerson()
    await expectRefused(server, 404, 'not_found', () => begin({ agent: 'echo', input: 'x', endUserId: someone.id }))
  })

  test('a server can’t name an end user of another organization', async () => {
    const foreign = await server.other.newPerson()
    await expectRefused(server, 404, 'not_found', () =>
      begin({ agent: 'echo', input: 'x', endUserId: foreign.id }, {}, server.main.client),
    )
  })
})

describe('a message that begins no session', () => {
  test('names an agent that this organization doesn’t have', async () => {
    await server.other.publish({ name: 'theirs' }, 'echo')
    for (const agent of ['theirs', 'nobody'])
      await expectRefused(server, 404, 'not_found', () => begin({ agent, input: 'x' }))
  })

  test('asks for a version that isn’t active', async () => {
    expect((await begin({ agent: 'echo', input: 'x', version: '1.0.0' })).status).toBe(202)
    await expectRefused(server, 409, 'version_incompatible', () =>
      begin({ agent: 'echo', input: 'x', version: '1.0.1' }),
    )
  })
})
