import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { EndUser } from '@shared/domain/objects'
import { expectRefused } from '../../../test/server/expectRefused.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server?.close())

let count = 0
const name = () => `customer ${++count}`
const upsert = (body: object, key?: string) =>
  server.main.client.post<EndUser>('/v1/end-users', body, { ...(key && { 'idempotency-key': key }) })
const patch = (id: string, body: object, client = server.main.client) =>
  client.request<EndUser>('PATCH', `/v1/end-users/${id}`, { body })

describe('an end user', () => {
  test('is made known by the customer’s id, and found again by it', async () => {
    const externalId = name()
    const first = await upsert({ externalId, metadata: { plan: 'pro', old: 1 }, space: 'playground' })
    expect(first.status).toBe(201)
    expect(first.headers.get('location')).toBe(`/v1/end-users/${first.body.id}`)
    expect(first.body).toMatchObject({
      externalId,
      anonymous: false,
      metadata: { plan: 'pro', old: 1 },
      space: 'playground',
    })
    const again = await upsert({ externalId, metadata: { old: null, new: 2 }, space: 'production' })
    expect(again.status).toBe(200)
    expect(again.body).toEqual({ ...first.body, metadata: { plan: 'pro', new: 2 } })
    const { body } = await server.main.client.get<EndUser>(`/v1/end-users/${first.body.id}`)
    expect(body).toEqual(again.body)
    expect((await patch(body.id, { metadata: { plan: null } })).body.metadata).toEqual({ new: 2 })
    expect((await patch(body.id, {})).body.metadata).toEqual({ new: 2 })
  })

  test('is one however many ask at once, with and without a key', async () => {
    const externalId = name()
    const answers = await Promise.all(Array.from({ length: 10 }, () => upsert({ externalId, metadata: { a: 1 } })))
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    const keyed = await Promise.all(Array.from({ length: 10 }, () => upsert({ externalId: `${externalId} k` }, 'k1')))
    expect(new Set(keyed.map(({ body }) => body.id)).size).toBe(1)
    expect(keyed.map(({ status }) => status)).toEqual(keyed.map(() => 201))
    expect(keyed.filter(({ headers }) => !headers.has('idempotent-replayed'))).toHaveLength(1)
    await expectRefused(server, 422, 'idempotency_mismatch', () => upsert({ externalId: name() }, 'k1'))
  })

  test('of one organization is nobody to another', async () => {
    const externalId = name()
    const { body } = await upsert({ externalId })
    const theirs = await server.other.client.post<EndUser>('/v1/end-users', { externalId })
    expect(theirs.status).toBe(201)
    expect(theirs.body.id).not.toBe(body.id)
    for (const method of ['GET', 'PATCH', 'DELETE'])
      await expectRefused(server, 404, 'not_found', () =>
        server.other.client.request(method, `/v1/end-users/${body.id}`, method === 'PATCH' ? { body: {} } : {}),
      )
  })

  test('has metadata up to a cap', async () => {
    const externalId = name()
    const { body } = await upsert({ externalId, metadata: { a: 'x'.repeat(40_000) } })
    const more = { b: 'x'.repeat(40_000) }
    await expectRefused(server, 413, 'payload_too_large', () => patch(body.id, { metadata: more }))
    await expectRefused(server, 413, 'payload_too_large', () => upsert({ externalId, metadata: more }))
    await expectRefused(server, 413, 'payload_too_large', () =>
      upsert({ externalId: name(), metadata: { a: 'x'.repeat(70_000) } }),
    )
  })

  test.each([
    {},
    { externalId: '' },
    { externalId: 1 },
    { externalId: 'x', anonymous: true },
    { externalId: 'x', id: 'eu_1' },
  ])('is refused when malformed: %j', async (body) => {
    await expectRefused(server, 400, 'invalid_request', () => upsert(body))
  })
})
