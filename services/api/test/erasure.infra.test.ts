import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { EndUser, Score } from '@shared/domain/objects'
import { eraseEndUser } from '@shared/store/eraseEndUser'
import { connectSocket } from '../../../test/server/connectSocket.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { expectRefused } from '../../../test/server/expectRefused.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import { createApiClient } from '../../../test/server/apiClient.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server?.close())

const CANARY = 'canary7f3a'
const erase = (id: string, client = server.main.client) => client.request('DELETE', `/v1/end-users/${id}`)

async function newcomer(externalId: string) {
  const { body } = await server.main.client.post<EndUser>('/v1/end-users', { externalId, metadata: { name: CANARY } })
  const { token } = await server.tokens.issue(server.main.organizationId, body.id)
  return { id: body.id, token, client: createApiClient(server.url, server.contract, token) }
}

/** Where a text stands in the whole database: every column that can hold text. */
async function placesOf(text: string): Promise<string[]> {
  const columns = await server.rows<{ relation: string; name: string }>(
    `select c.oid::regclass::text as relation, a.attname as name from pg_class c
     join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg_toast%' and c.relkind in ('r', 'p')
       and not c.relispartition`,
  )
  const places: string[] = []
  for (const { relation, name } of columns) {
    const [row] = await server.rows<{ found: boolean }>(
      // bytes are shown in hexadecimal digits
      `select exists (select from ${relation} t where strpos(t."${name}"::text, $1) > 0
         or strpos(t."${name}"::text, $2) > 0) as found`,
      text,
      Buffer.from(text).toString('hex'),
    )
    if (row!.found) places.push(`${relation}.${name}`)
  }
  return places
}

describe('an erased end user', () => {
  test('leaves nothing of himself in any table', async () => {
    const person = await newcomer(`id ${CANARY}`)
    await server.main.client.post('/v1/webhook-endpoints', {
      url: 'http://127.0.0.1:1/',
      events: ['session.created', 'run.completed'],
    })
    const { id } = await person.client.createSession({ agent: 'echo', metadata: { of: CANARY }, title: CANARY })
    const done = await person.client.ask(id, `hello ${CANARY}`)
    const item = done.items.at(-1)!
    await person.client.post<Score>(`/v1/items/${item.id}/feedback`, { value: { text: CANARY }, comment: CANARY })
    const key = { 'idempotency-key': CANARY }
    await person.client.post('/v1/messages', { agent: 'echo', input: CANARY, metadata: { x: CANARY } }, key)
    const asking = await person.client.createSession({ agent: 'asking' })
    const { run } = await person.client.ask(asking.id, CANARY)
    await person.client.post(`/v1/runs/${run.id}/resume`, {
      pauseId: run.pause!.pauseId,
      toolResults: [{ callId: 'c1', output: CANARY }],
    })
    const failing = await person.client.createSession({ agent: 'staged' })
    const { run: failed } = await person.client.say(failing.id, 'x')
    ;(await server.stage.turn(failed.id)).answer(400, { error: CANARY })
    await eventually(async () => (await person.client.readRun(failed.id)).status === 'failed')

    await person.client.post('/v1/memories', { topic: CANARY, content: CANARY })

    const before = await placesOf(CANARY)
    for (const place of [
      'end_users.metadata',
      'end_users.external_id',
      'sessions.title',
      'memories.topic',
      'memories.content',
      'sessions.metadata',
      'items.data',
    ])
      expect(before).toContain(place)
    for (const place of [
      'session_events.data',
      'scores.value',
      'scores.comment',
      'idempotency_keys.key',
      'deliveries.data',
    ])
      expect(before).toContain(place)
    for (const place of ['pauses.results', 'attempts.response_body']) expect(before).toContain(place)

    expect((await erase(person.id)).status).toBe(204)
    expect(await placesOf(`id ${CANARY}`)).toEqual([])
    await eventually(async () => (await placesOf(CANARY)).length === 0)
    await eventually(
      async () => (await server.rows('select 1 from end_users where deleted_at is not null')).length === 0,
    )
    await expectRefused(server, 404, 'not_found', () => erase(person.id))
    await expectRefused(server, 404, 'not_found', () => server.main.client.get(`/v1/end-users/${person.id}`))
    // The customer's id is free again.
    expect((await newcomer(`id ${CANARY}`)).id).not.toBe(person.id)
  })

  test('is cut off at once: runs are broken off, streams and sockets end', async () => {
    const person = await newcomer('somebody who talks')
    const { id } = await person.client.createSession({ agent: 'staged' })
    const { run } = await person.client.say(id, 'x')
    const turn = await server.stage.turn(run.id)
    const socket = await connectSocket(server.url, { token: person.token })
    await socket.ask('subscribe', { sessionId: id, after: 0 })
    const stream = await person.client.stream('GET', `/v1/sessions/${id}/events`)
    const byServer = await server.main.client.stream('GET', `/v1/sessions/${id}/events`)
    expect((await erase(person.id)).status).toBe(204)
    expect(await socket.disconnected).toBe('io server disconnect')
    await Promise.all([stream.ended, byServer.ended, turn.closed])
    expect(socket.cuts).toMatchObject([{ reason: 'deleted' }])
    expect(stream.cut).toMatchObject({ reason: 'deleted' })
    expect(byServer.cut).toMatchObject({ reason: 'deleted' })
  })

  test('begins no session by a token that is trusted for a moment more', async () => {
    const person = await newcomer('somebody who comes back')
    await person.client.createSession({ agent: 'echo' })
    await erase(person.id)
    for (const [path, body] of [
      ['/v1/sessions', { agent: 'echo' }],
      ['/v1/messages', { agent: 'echo', input: 'x' }],
    ] as const) {
      const { status } = await person.client.post(path, body)
      expect([401, 404]).toContain(status)
    }
    await expectRefused(server, 404, 'not_found', () =>
      server.main.client.post('/v1/sessions', { agent: 'echo', endUserId: person.id }),
    )
    await eventually(
      async () => (await server.rows('select 1 from end_users where deleted_at is not null')).length === 0,
    )
  })

  test('has no session left though they are begun at the same time', async () => {
    const person = await newcomer('somebody in a hurry')
    const begin = () => person.client.post('/v1/messages', { agent: 'echo', input: 'x' })
    await Promise.all([...Array.from({ length: 20 }, begin), erase(person.id), ...Array.from({ length: 20 }, begin)])
    await eventually(
      async () => (await server.rows('select 1 from end_users where deleted_at is not null')).length === 0,
    )
  })

  test('vanishes though the process that erased him was stopped before his sessions were deleted', async () => {
    const person = await newcomer('somebody half erased')
    const { id } = await person.client.createSession({ agent: 'staged' })
    const { run } = await person.client.say(id, 'x')
    const turn = await server.stage.turn(run.id)
    expect(await eraseEndUser(server.db, server.main.organizationId, person.id)).toBe(true)
    await turn.closed
    const left = () => server.rows('select 1 from end_users where deleted_at is not null')
    await eventually(async () => (await left()).length === 0)
  })

  test('is erased by the customer’s server only', async () => {
    const person = await newcomer('somebody')
    await expectRefused(server, 403, 'forbidden', () => erase(person.id, person.client))
    await expectRefused(server, 403, 'forbidden', () => erase(person.id, server.main.widget))
    await expectRefused(server, 404, 'not_found', () => erase(person.id, server.other.client))
  })
})
