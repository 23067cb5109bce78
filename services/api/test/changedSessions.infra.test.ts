import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Session } from '@shared/domain/objects'
import { viewOf } from '../../../test/server/eventChecks.ts'
import { expectRefused } from '../../../test/server/expectRefused.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Person } from '../../../test/server/tenant.ts'

let server: TestServer
let person: Person
beforeAll(async () => {
  server = await startTestServer()
  person = await server.main.newPerson()
  const metadata = { color: { enum: ['red', 'blue'] }, note: { type: 'string' as const } }
  await server.main.publish({ name: 'strict', metadata, allowUnknownMetadata: false }, 'echo')
})
afterAll(() => server?.close())

const patch = (id: string, body: object, client = person.client) =>
  client.request<Session>('PATCH', `/v1/sessions/${id}`, { body })

describe('a change of a session', () => {
  test('merges metadata, a null takes a key away, and readers are told', async () => {
    const { id } = await person.client.createSession({ agent: 'echo', metadata: { a: 1, b: { c: 2 } }, title: 'First' })
    const { status, body } = await patch(id, { metadata: { a: null, b: 3, d: [] }, title: 'Second' })
    expect(status).toBe(200)
    expect(body).toMatchObject({ metadata: { b: 3, d: [] }, title: 'Second', lastSeq: 2 })
    const log = await server.logOf(id, (events) => events.length === 2)
    expect(log[1]).toMatchObject({ type: 'session.updated', data: { session: body } })
    expect(viewOf(log).session).toEqual(body)
    expect((await patch(id, { title: null })).body.title).toBeUndefined()
  })

  test('that changes nothing is no event', async () => {
    const { id } = await person.client.createSession({ agent: 'echo', metadata: { a: 1 }, title: 'T' })
    for (const body of [{}, { metadata: {} }, { metadata: { a: 1 } }, { title: 'T' }, { metadata: { gone: null } }])
      expect((await patch(id, body)).body.lastSeq).toBe(1)
  })

  test('comes between the events of a run, which goes on', async () => {
    const { id } = await person.client.createSession({ agent: 'staged' })
    const { run } = await person.client.say(id, 'x')
    const turn = await server.stage.turn(run.id)
    turn.frame('text', { delta: 'a' })
    await server.logOf(id, (events) => events.some(({ type }) => type === 'item.delta' || type === 'item.created'))
    await patch(id, { metadata: { seen: true } })
    turn.frame('text', { delta: 'b' })
    turn.frame('metadata', { metadata: { done: true } })
    turn.frame('done')
    turn.end()
    const log = await server.logOf(id, (events) => events.at(-1)?.type === 'run.completed')
    expect(viewOf(log).session!.metadata).toMatchObject({ seen: true })
    expect((await person.client.readSession(id)).items!.at(-1)!.data).toMatchObject({ content: 'ab' })
  })

  test('many at once lose nothing', async () => {
    const { id } = await person.client.createSession({ agent: 'echo' })
    const keys = Array.from({ length: 12 }, (_, index) => `k${index}`)
    await Promise.all(keys.map((key) => patch(id, { metadata: { [key]: 1 } })))
    const { metadata, lastSeq } = await person.client.readSession(id)
    expect(Object.keys(metadata).toSorted()).toEqual(keys.toSorted())
    expect(lastSeq).toBe(1 + keys.length)
  })

  test('is checked as when a session is made', async () => {
    const { id } = await person.client.createSession({ agent: 'strict', metadata: { color: 'red' } })
    await expectRefused(server, 422, 'schema_violation', () => patch(id, { metadata: { color: 'green' } }))
    await expectRefused(server, 422, 'schema_violation', () => patch(id, { metadata: { unknown: 1 } }))
    expect((await patch(id, { metadata: { color: null } })).body.metadata).toEqual({})
    const big = { note: 'x'.repeat(40 * 1_024), more: null }
    await patch(id, { metadata: { note: big.note } })
    const { id: free } = await person.client.createSession({ agent: 'echo', metadata: big })
    await expectRefused(server, 422, 'schema_violation', () => patch(free, { metadata: { other: big.note } }))
    await expectRefused(server, 413, 'payload_too_large', () =>
      patch(free, { metadata: { other: 'x'.repeat(70_000) } }),
    )
  })

  test.each([{ status: 'x' }, { metadata: [] }, { title: '' }, { title: 'x'.repeat(501) }, { state: 1 }])(
    'is refused when malformed: %j',
    async (body) => {
      const { id } = await person.client.createSession({ agent: 'echo' })
      await expectRefused(server, 400, 'invalid_request', () => patch(id, body))
    },
  )
})
