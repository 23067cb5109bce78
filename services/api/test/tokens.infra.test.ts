import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { uuidOf } from '@shared/domain/ids'
import type { EndUser, Session } from '@shared/domain/objects'
import type { Answer, Page } from '../../../test/server/apiClient.ts'
import { countRows } from '../../../test/server/countRows.ts'
import { connectSocket } from '../../../test/server/connectSocket.ts'
import { expectRefused } from '../../../test/server/expectRefused.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'

interface Grant {
  token: string
  expiresAt: string
  refreshToken: string
  endUser: EndUser
}

interface Agent {
  name: string
  title?: string
  version: string
  runs: { type: string; input?: object }[]
}

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
})

afterAll(() => server?.close())

const visit = (body?: object) => server.main.widget.post<Grant>('/v1/auth/anonymous', body)
const refresh = (refreshToken: string, client = server.main.widget) =>
  client.post<Grant>('/v1/auth/refresh', { refreshToken })
const refused = (send: () => Promise<Answer>) => expectRefused(server, 401, 'unauthorized', send)

describe('a visitor', () => {
  test('gets a token of his own, with which he can talk', async () => {
    const { status, body } = await visit({ metadata: { page: '/pricing' } })
    expect(status).toBe(201)
    expect(body.endUser).toMatchObject({ anonymous: true, metadata: { page: '/pricing' }, space: 'production' })
    expect(Date.parse(body.expiresAt)).toBeGreaterThan(Date.now())
    const session = await server.client(body.token).createSession({ agent: 'echo' })
    expect(session.endUserId).toBe(body.endUser.id)
  })

  test('needs to say nothing, also without a content type', async () => {
    expect((await visit()).status).toBe(201)
    expect((await visit({})).status).toBe(201)
  })

  test('is somebody else than the next one', async () => {
    const [one, two] = [(await visit()).body, (await visit()).body]
    expect(one.endUser.id).not.toBe(two.endUser.id)
    await server.client(one.token).createSession({ agent: 'echo' })
    expect((await server.client(two.token).get<Page<Session>>('/v1/sessions')).body.data).toEqual([])
  })
})

describe('a refresh token', () => {
  test('brings the same person back with a new pair', async () => {
    const first = (await visit()).body
    const session = await server.client(first.token).createSession({ agent: 'echo' })
    const { status, body } = await refresh(first.refreshToken)
    expect(status).toBe(200)
    expect(body.endUser).toEqual(first.endUser)
    expect(body.refreshToken).not.toBe(first.refreshToken)
    expect((await server.client(body.token).readSession(session.id)).id).toBe(session.id)
    expect((await refresh(body.refreshToken)).status).toBe(200)
  })

  test('that is used twice revokes its whole family', async () => {
    const first = (await visit()).body
    const second = (await refresh(first.refreshToken)).body
    const third = (await refresh(second.refreshToken)).body
    await refused(() => refresh(first.refreshToken))
    await refused(() => refresh(third.refreshToken))
    await refused(() => refresh(second.refreshToken))
  })

  test('that is used twice cuts whoever reads by a token of its family, and no such token counts any more', async () => {
    const first = (await visit()).body
    const { id } = await server.client(first.token).createSession({ agent: 'echo' })
    const again = (await server.main.client.post<Grant>(`/v1/end-users/${first.endUser.id}/tokens`)).body
    const [thief, owner] = await Promise.all(
      [first, again].map(({ token }) => server.client(token).stream('GET', `/v1/sessions/${id}/events`)),
    )
    const socket = await connectSocket(server.url, { token: first.token })
    const { body: second } = await refresh(first.refreshToken)
    await refused(() => refresh(first.refreshToken))
    await thief!.ended
    expect(thief!.cut).toMatchObject({ reason: 'revoked' })
    expect(await socket.disconnected).toBe('io server disconnect')
    for (const { token } of [first, second]) await refused(() => server.client(token).get('/v1/sessions'))
    expect(owner!.cut).toBeNull()
    owner!.close()
  })

  test('of one family says nothing about another of the same person or of others', async () => {
    const [one, two] = [(await visit()).body, (await visit()).body]
    await refresh(one.refreshToken)
    await refused(() => refresh(one.refreshToken))
    expect((await refresh(two.refreshToken)).status).toBe(200)
  })

  test('used by ten at once is exchanged at most once', async () => {
    const { refreshToken } = (await visit()).body
    const statuses = (await Promise.all(Array.from({ length: 10 }, () => refresh(refreshToken)))).map((a) => a.status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.filter((status) => status === 401)).toHaveLength(9)
  })

  test('is worth nothing in another organization, and still counts in its own', async () => {
    const { refreshToken } = (await visit()).body
    await refused(() => refresh(refreshToken, server.other.widget))
    expect((await refresh(refreshToken)).status).toBe(200)
  })

  test('that is over, revoked, unknown or of the wrong kind is refused alike', async () => {
    const { refreshToken } = (await visit()).body
    const expired = (await visit()).body
    await server.rows(
      'update refresh_tokens set expires_at = clock_timestamp() where end_user_id = $1',
      uuidOf('endUser', expired.endUser.id),
    )
    const messages = new Set<string>()
    for (const wrong of [expired.refreshToken, 'av_rt_unknown', server.main.publishableKey])
      messages.add((await refused(() => refresh(wrong))).message)
    await server.rows('update refresh_tokens set revoked_at = clock_timestamp()')
    messages.add((await refused(() => refresh(refreshToken))).message)
    expect(messages.size).toBe(1)
  })

  test('is kept only as a hash, and so are keys', async () => {
    const { refreshToken } = (await visit()).body
    const { rows } = await server.db.query<{ text: string }>(
      `select (select string_agg(t::text, ' ') from refresh_tokens t) || (select string_agg(k::text, ' ') from api_keys k) as text`,
    )
    for (const secret of [refreshToken, server.main.secretKey, server.main.publishableKey])
      expect(rows[0]!.text.includes(secret.slice(10))).toBe(false)
  })
})

describe('agents', () => {
  test('are shown to everybody by their public part: no address, no policy', async () => {
    const schema = { type: 'object', required: ['type'] }
    await server.main.publish({ name: 'shown', title: 'Shown', runs: [{ type: 'chat', input: { schema } }] }, 'echo')
    const { token } = (await visit()).body
    for (const client of [server.main.widget, server.main.client, server.client(token)]) {
      const { body } = await client.get<Page<Agent>>('/v1/agents')
      expect(body.nextCursor).toBeNull()
      expect(body.data.map((agent) => agent.name)).toEqual(['asking', 'echo', 'shown', 'staged', 'steps'])
      const shown = { name: 'shown', title: 'Shown', version: '1.0.0', runs: [{ type: 'chat', input: schema }] }
      expect(body.data[2]).toEqual(shown)
      expect((await client.get('/v1/agents/shown')).body).toEqual(shown)
    }
  })

  test('of another organization are absent', async () => {
    await server.main.publish({ name: 'ours' }, 'echo')
    const foreign = await server.other.client.get('/v1/agents/ours')
    const absent = await server.other.client.get('/v1/agents/nothing')
    expect([foreign.status, absent.status]).toEqual([404, 404])
    expect((await server.other.client.get<Page<Agent>>('/v1/agents')).body.data).toHaveLength(4)
  })

  test('are shown by their active version', async () => {
    await server.main.publish({ name: 'moving', version: '1.0.0' }, 'echo')
    await server.main.publish({ name: 'moving', version: '1.1.0' }, 'echo')
    expect((await server.main.client.get<Agent>('/v1/agents/moving')).body.version).toBe('1.1.0')
  })
})

test('a page that asks for nothing more than it may leaves nothing but its visitor', async () => {
  const before = await countRows(server.db)
  await visit()
  const after = await countRows(server.db)
  const changed = Object.keys(after).filter((table) => after[table] !== before[table])
  expect(changed.toSorted()).toEqual(['end_users', 'refresh_tokens'])
})

describe('a token that the customer’s server asks for', () => {
  test('is its end user’s, and its refresh token brings the next ones', async () => {
    const { body: endUser } = await server.main.client.post<EndUser>('/v1/end-users', { externalId: 'known' })
    const { status, body } = await server.main.client.post<Grant>(`/v1/end-users/${endUser.id}/tokens`)
    expect([status, body.endUser]).toEqual([201, endUser])
    const session = await server.client(body.token).createSession({ agent: 'echo' })
    expect(session.endUserId).toBe(endUser.id)
    const next = (await refresh(body.refreshToken)).body
    expect((await server.client(next.token).readSession(session.id)).id).toBe(session.id)
  })

  test('is not given for somebody who is not there, or was erased', async () => {
    const { body: endUser } = await server.main.client.post<EndUser>('/v1/end-users', { externalId: 'leaving' })
    await server.main.client.request('DELETE', `/v1/end-users/${endUser.id}`)
    for (const id of [endUser.id, 'eu_01jd0000000000000000000000']) {
      await expectRefused(server, 404, 'not_found', () => server.main.client.post(`/v1/end-users/${id}/tokens`))
    }
  })
})
