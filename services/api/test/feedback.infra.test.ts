import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Score } from '@shared/domain/objects'
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

const give = (itemId: string, body: object, client = person.client, key?: string) =>
  client.post<Score>(`/v1/items/${itemId}/feedback`, body, { ...(key && { 'idempotency-key': key }) })

async function answered() {
  const { id } = await person.client.createSession({ agent: 'echo' })
  const { items } = await person.client.ask(id, 'x')
  return { sessionId: id, itemId: items.at(-1)!.id }
}

describe('feedback', () => {
  test('becomes a score, which readers are told of', async () => {
    const { sessionId, itemId } = await answered()
    const { status, body } = await give(itemId, { value: 'up', comment: 'good' })
    expect(status).toBe(201)
    expect(body).toMatchObject({ sessionId, itemId, name: 'feedback', value: 'up', comment: 'good' })
    expect(body.by).toEqual({ kind: 'endUser', id: person.id })
    const log = await server.logOf(sessionId, (events) => events.at(-1)?.type === 'feedback.created')
    expect(log.at(-1)!.data).toEqual({ itemId, score: body })
  })

  test('given again replaces what was given, the same again changes nothing', async () => {
    const { sessionId, itemId } = await answered()
    const first = await give(itemId, { value: 'up', comment: 'good' })
    const second = await give(itemId, { value: 2.5 })
    expect(second.status).toBe(200)
    expect(second.body).toMatchObject({ id: first.body.id, value: 2.5, createdAt: first.body.createdAt })
    expect(second.body.comment).toBeUndefined()
    expect((await give(itemId, { value: 2.5 })).body).toEqual(second.body)
    expect((await give(itemId, { value: { stars: 5 } })).body.value).toEqual({ stars: 5 })
    const log = await server.logOf(sessionId, () => true)
    expect(log.filter(({ type }) => type === 'feedback.created')).toHaveLength(3)
  })

  test('of many at once is one score', async () => {
    const { itemId } = await answered()
    const answers = await Promise.all(Array.from({ length: 10 }, (_, value) => give(itemId, { value })))
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
  })

  test('of the customer’s server stands beside that of the end user', async () => {
    const { itemId } = await answered()
    const [own, theirs] = [
      await give(itemId, { value: 'up' }),
      await give(itemId, { value: 'down' }, server.main.client),
    ]
    expect(theirs.status).toBe(201)
    expect(theirs.body.id).not.toBe(own.body.id)
    expect(theirs.body.by.kind).toBe('apiKey')
  })

  test('under a key is answered again as it was taken', async () => {
    const { sessionId, itemId } = await answered()
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => give(itemId, { value: 'up' }, person.client, 'f1')),
    )
    expect(answers.filter(({ headers }) => !headers.has('idempotent-replayed'))).toHaveLength(1)
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201))
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    await expectRefused(server, 422, 'idempotency_mismatch', () => give(itemId, { value: 'down' }, person.client, 'f1'))
    const log = await server.logOf(sessionId, () => true)
    expect(log.filter(({ type }) => type === 'feedback.created')).toHaveLength(1)
  })

  test('is about one’s own items only', async () => {
    const { itemId } = await answered()
    const stranger = await server.main.newPerson()
    await expectRefused(server, 404, 'not_found', () => give(itemId, { value: 'up' }, stranger.client))
    await expectRefused(server, 404, 'not_found', () => give(itemId, { value: 'up' }, server.other.client))
    await expectRefused(server, 403, 'forbidden', () => give(itemId, { value: 'up' }, server.main.widget))
    await expectRefused(server, 404, 'not_found', () => give('itm_01jd0000000000000000000000', { value: 'up' }))
  })

  test.each([
    {},
    { value: 'sideways' },
    { value: null },
    { value: true },
    { value: [] },
    { value: 'up', comment: '' },
    { value: 'up', comment: 'x'.repeat(5_001) },
    { value: 'up', name: 'x' },
  ])('is refused when malformed: %j', async (body) => {
    const { itemId } = await answered()
    await expectRefused(server, 400, 'invalid_request', () => give(itemId, body))
  })

  test('has a value up to a cap', async () => {
    const { itemId } = await answered()
    await expectRefused(server, 413, 'payload_too_large', () => give(itemId, { value: { text: 'x'.repeat(17_000) } }))
  })
})
