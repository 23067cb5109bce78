import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { ApiKeyInfo, AuditEntry, Invitation, Me, Member } from '@shared/contracts/adminObjects'
import { type AdminClient, PASSWORD, browse, newMember } from '../../../test/server/adminClient.ts'
import type { Answer, ErrorBody, Page } from '../../../test/server/apiClient.ts'
import { expectRefused } from '../../../test/server/expectRefused.ts'
import { type AdminServer, startAdminServer } from '../../../test/server/startAdminServer.ts'
import type { Tenant } from '../../../test/server/tenant.ts'

let server: AdminServer

beforeAll(async () => {
  server = await startAdminServer()
})
afterAll(() => server?.close())

interface House {
  tenant: Tenant
  owner: AdminClient
}

/** An organization of the test's own. */
async function newHouse(): Promise<House> {
  const tenant = await server.newTenant()
  return { tenant, owner: await newMember(server, tenant.organizationId, 'owner', 'Olga') }
}

const noted = async (client: AdminClient) =>
  (await client.get<Page<AuditEntry>>('/audit-log')).body.data.map(({ action, target, by }) => [
    action,
    target,
    by?.name,
  ])

describe('members', () => {
  test('are listed to all, their addresses only to who manages them', async () => {
    const { tenant, owner } = await newHouse()
    const viewer = await newMember(server, tenant.organizationId, 'viewer', 'Vera')
    const seen = await viewer.get<Page<Member>>('/members')
    expect(seen.body.data.map(({ name, role, email }) => [name, role, email])).toEqual([
      ['Olga', 'owner', undefined],
      ['Vera', 'viewer', undefined],
    ])
    const all = await owner.get<Page<Member>>('/members')
    expect(all.body.data.map(({ email }) => email)).toEqual([owner.email, viewer.email])
  })

  test('get and lose roles, as far as the role of who gives them allows', async () => {
    const { tenant, owner } = await newHouse()
    const admin = await newMember(server, tenant.organizationId, 'admin', 'Adam')
    const viewer = await newMember(server, tenant.organizationId, 'viewer', 'Vera')
    const give = (by: AdminClient, to: AdminClient, role: string) =>
      by.patch<Member>(`/members/${to.memberId}`, { role })
    expect((await give(admin, viewer, 'reviewer')).body).toMatchObject({ name: 'Vera', role: 'reviewer' })
    await expectRefused(server, 403, 'forbidden', () => give(admin, viewer, 'owner'))
    await expectRefused(server, 403, 'forbidden', () => give(admin, admin, 'owner'))
    await expectRefused(server, 403, 'forbidden', () => give(admin, owner, 'viewer'))
    await expectRefused(server, 403, 'forbidden', () => admin.delete(`/members/${owner.memberId}`))
    await expectRefused(server, 400, 'invalid_request', () => give(owner, viewer, 'god'))
    expect((await give(owner, viewer, 'owner')).status).toBe(200)
    expect((await viewer.get('/audit-log')).status).toBe(200)
    expect(await noted(owner)).toEqual([
      ['member.change', viewer.memberId, 'Olga'],
      ['member.change', viewer.memberId, 'Adam'],
      ...['Vera', 'Adam', 'Olga'].map((name) => ['login', expect.any(String), name]),
    ])
  })

  test('the last owner stays one, also when two try to leave at once', async () => {
    const { tenant, owner } = await newHouse()
    const leave = (one: AdminClient) => one.post<ErrorBody>('/me/leave')
    await expectRefused(server, 409, 'last_owner', () => leave(owner))
    await expectRefused(server, 409, 'last_owner', () => owner.patch(`/members/${owner.memberId}`, { role: 'admin' }))
    await expectRefused(server, 409, 'last_owner', () => owner.delete(`/members/${owner.memberId}`))

    const second = await newMember(server, tenant.organizationId, 'owner', 'Otto')
    const answers = await Promise.all([leave(owner), leave(second)])
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 409])
    const left = await server.rows(
      `select 1 from members where organization_id = (select organization_id from members where id = $1) and role = 'owner' and removed_at is null`,
      (await server.rows<{ id: string }>('select id from members order by id desc limit 1'))[0]!.id,
    )
    expect(left).toHaveLength(1)
  })

  test('who is removed is cut off, what he has written stays his', async () => {
    const { tenant, owner } = await newHouse()
    const session = await tenant.client.createSession({ agent: 'echo' })
    const reviewer = await newMember(server, tenant.organizationId, 'reviewer', 'Rita')
    await reviewer.post(`/sessions/${session.id}/comments`, { body: 'Mine.' })
    const stream = await reviewer.stream(`/sessions/${session.id}/events?after=0`)
    await stream.until((frames) => frames.length > 0)
    expect((await owner.delete(`/members/${reviewer.memberId}`)).status).toBe(204)
    await stream.until((frames) => frames.at(-1)?.event === 'cut')
    expect(stream.frames.at(-1)).toMatchObject({ data: { reason: 'revoked' } })
    await expectRefused(server, 403, 'forbidden', () => reviewer.get('/sessions'))
    expect((await reviewer.get<Me>('/me')).body.member).toBeNull()
    await expectRefused(server, 404, 'not_found', () => owner.delete(`/members/${reviewer.memberId}`))
    const { body } = await owner.get<{ data: { author: object }[] }>(`/sessions/${session.id}/comments`)
    expect(body.data[0]!.author).toEqual({ id: reviewer.memberId, name: 'Rita' })
    const removed = await owner.get<Page<Member>>('/members?removed=true')
    expect(removed.body.data.map(({ name, removed: gone }) => [name, gone])).toEqual([
      ['Olga', undefined],
      ['Rita', true],
    ])
  })
})

describe('invitations', () => {
  type Invited = Invitation & { link: string; mailed: boolean }
  const invite = async (by: AdminClient, email: string, role = 'reviewer') =>
    by.post<Invited & ErrorBody>('/invitations', { email, role })
  const tokenIn = (link: string) => link.split('#')[1]!
  const accept = (body: object): Promise<Answer<Me & ErrorBody>> =>
    browse(server, new Map(), 'POST', '/invitations/accept', {
      body,
      headers: { 'x-test-address': `${Math.random()}` },
    })
  const read = (token: string) => browse<object>(server, new Map(), 'POST', '/invitations/read', { body: { token } })

  test('bring somebody new in: shown and mailed once, kept hashed, used once', async () => {
    const { owner, tenant } = await newHouse()
    const email = `New.${Math.random()}@Example.com`
    const { status, body } = await invite(owner, email)
    expect(status).toBe(201)
    expect(body).toMatchObject({ email: email.toLowerCase(), role: 'reviewer', status: 'open', mailed: true })
    expect(body.link).toMatch(new RegExp(`^${server.url}/studio/invitation#[\\w-]{43}$`))
    expect(server.mails.at(-1)).toMatchObject({ to: email.toLowerCase(), text: expect.stringContaining(body.link) })
    const [kept] = await server.rows<{ dump: string }>(
      `select (select string_agg(to_jsonb(i)::text, '') from invitations i) || (select string_agg(to_jsonb(a)::text, '') from audit_log a) as dump`,
    )
    expect(kept!.dump).not.toContain(tokenIn(body.link))

    const token = tokenIn(body.link)
    expect((await read(token)).body).toMatchObject({
      organization: 'one more',
      email: email.toLowerCase(),
      known: false,
    })
    await expectRefused(server, 400, 'invalid_request', () => accept({ token, password: PASSWORD }))
    await expectRefused(server, 400, 'invalid_request', () => accept({ token, name: 'Nina', password: 'short' }))
    await expectRefused(server, 400, 'invalid_request', () =>
      accept({ token, name: 'Nina', password: PASSWORD, role: 'owner' }),
    )
    const joined = await accept({ token, name: 'Nina', password: PASSWORD })
    expect(joined.body).toMatchObject({
      user: { name: 'Nina' },
      member: { role: 'reviewer' },
      organization: { id: tenant.organizationId },
    })
    expect(joined.headers.getSetCookie()).toHaveLength(1)
    await expectRefused(server, 409, 'invitation_over', () => accept({ token, name: 'Nina', password: PASSWORD }))
    await expectRefused(server, 409, 'already_member', () => invite(owner, email))
    const list = await owner.get<Page<Invitation>>('/invitations')
    expect(list.body.data.map((one) => one.status)).toEqual(['accepted'])
  })

  test('bring somebody known in by his own password only', async () => {
    const { owner } = await newHouse()
    const elsewhere = await newMember(server, server.other.organizationId, 'viewer', 'Known')
    const token = tokenIn((await invite(owner, elsewhere.email, 'admin')).body.link)
    expect((await read(token)).body).toMatchObject({ known: true })
    await expectRefused(server, 401, 'invalid_login', () =>
      accept({ token, name: 'Other', password: 'another password' }),
    )
    const joined = await accept({ token, password: PASSWORD })
    expect(joined.body.organizations).toHaveLength(2)
    expect(joined.body.user.name).toBe('Known')
  })

  test('that expired, were taken back or replaced by a newer one let nobody in', async () => {
    const { owner } = await newHouse()
    const someone = (email: string) => ({ name: 'Some', password: PASSWORD, email })
    const open = async () => {
      const { body } = await invite(owner, `x${Math.random()}@example.com`)
      return { ...body, token: tokenIn(body.link) }
    }
    const [expired, revoked, replaced] = [await open(), await open(), await open()]
    await server.rows(`update invitations set expires_at = clock_timestamp() where email = $1`, expired.email)
    expect((await owner.delete(`/invitations/${revoked.id}`)).status).toBe(204)
    await expectRefused(server, 409, 'invitation_over', () => owner.delete(`/invitations/${revoked.id}`))
    await invite(owner, replaced.email)
    for (const { token, email } of [expired, revoked, replaced]) {
      const { name, password } = someone(email)
      await expectRefused(server, 409, 'invitation_over', () => accept({ token, name, password }))
      await expectRefused(server, 409, 'invitation_over', () => read(token))
    }
    await expectRefused(server, 404, 'not_found', () => read('x'.repeat(43)))
    await expectRefused(server, 400, 'invalid_request', () => read("' or 1=1 --"))
    const list = await owner.get<Page<Invitation>>('/invitations?order=asc')
    expect(list.body.data.map((one) => one.status)).toEqual(['expired', 'revoked', 'revoked', 'open'])
  })

  test('accepted twice at once make one member', async () => {
    const { owner, tenant } = await newHouse()
    const token = tokenIn((await invite(owner, `twice${Math.random()}@example.com`)).body.link)
    const answers = await Promise.all([1, 2, 3].map(() => accept({ token, name: 'Twin', password: PASSWORD })))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    const members = await owner.get<Page<Member>>('/members')
    expect(members.body.data.map(({ name }) => name)).toEqual(['Olga', 'Twin'])
    expect(tenant.organizationId).toBe(owner.me.organization!.id)
  })

  test('an admin can’t make an owner by one', async () => {
    const { tenant } = await newHouse()
    const admin = await newMember(server, tenant.organizationId, 'admin')
    await expectRefused(server, 403, 'forbidden', () => invite(admin, 'boss@example.com', 'owner'))
    await expectRefused(server, 400, 'invalid_request', () => invite(admin, 'no address'))
  })
})

describe('API keys', () => {
  type Made = ApiKeyInfo & { key: string }
  test('are shown once, work at once, tell when they were used, and end what they had begun', async () => {
    const { owner, tenant } = await newHouse()
    const { status, body } = await owner.post<Made>('/api-keys', { kind: 'secret', name: 'Server' })
    expect(status).toBe(201)
    expect(body.key).toMatch(/^av_sk_/)
    expect(body.hint).toBe(body.key.slice(0, 10))
    const key = server.client(body.key)
    const session = await key.createSession({ agent: 'echo' })
    const stream = await key.stream('GET', `/v1/sessions/${session.id}/events`)
    const find = async () =>
      (await owner.get<Page<ApiKeyInfo>>('/api-keys')).body.data.find(({ id }) => id === body.id)!
    expect((await find()).lastUsedAt).toBeDefined()
    expect(JSON.stringify(await find())).not.toContain(body.key)
    expect(tenant.secretKey).not.toBe(body.key)

    expect((await owner.delete(`/api-keys/${body.id}`)).status).toBe(204)
    await stream.ended
    expect(stream.cut).toMatchObject({ reason: 'revoked' })
    expect((await key.get('/v1/sessions')).status).toBe(401)
    const revokedAt = (await find()).revokedAt
    expect(revokedAt).toBeDefined()
    expect((await owner.delete(`/api-keys/${body.id}`)).status).toBe(204)
    expect((await find()).revokedAt).toBe(revokedAt)
    expect((await noted(owner)).filter(([action]) => String(action).startsWith('apiKey'))).toEqual([
      ['apiKey.revoke', body.id, 'Olga'],
      ['apiKey.create', body.id, 'Olga'],
    ])
  })

  test('are paged, the newest first', async () => {
    const { owner } = await newHouse()
    for (const name of ['a', 'b', 'c']) await owner.post('/api-keys', { kind: 'publishable', name })
    const first = await owner.get<Page<ApiKeyInfo>>('/api-keys?limit=2')
    const second = await owner.get<Page<ApiKeyInfo>>(`/api-keys?limit=2&cursor=${first.body.nextCursor}`)
    // The organization's own two keys are of one time: either may be the fourth.
    const own: unknown = expect.stringMatching(/^(publishable|secret)$/)
    expect([...first.body.data, ...second.body.data].map(({ name }) => name)).toEqual(['c', 'b', 'a', own])
    await expectRefused(server, 400, 'invalid_cursor', () => owner.get('/api-keys?cursor=nonsense'))
  })
})

describe('the audit log', () => {
  test('is found by who, what, whom and when, page by page', async () => {
    const { owner, tenant } = await newHouse()
    const admin = await newMember(server, tenant.organizationId, 'admin', 'Adam')
    for (const name of ['a', 'b', 'c']) await admin.post('/api-keys', { kind: 'publishable', name })
    await owner.patch('/organization', { name: 'Renamed', allowedOrigins: ['https://a.example'] })
    const of = async (query: string) => (await owner.get<Page<AuditEntry>>(`/audit-log?${query}`)).body
    const first = await of(`by=${admin.memberId}&action=apiKey&limit=2`)
    expect(first.data.map(({ details }) => details['name'])).toEqual(['c', 'b'])
    const second = await of(`by=${admin.memberId}&action=apiKey&limit=2&cursor=${first.nextCursor}`)
    expect(second.data.map(({ details }) => details['name'])).toEqual(['a'])
    expect((await of(`target=${tenant.organizationId}`)).data).toMatchObject([
      { action: 'organization.change', by: { id: owner.memberId }, details: { name: 'Renamed' } },
    ])
    const now = new Date(Date.now() + 60_000).toISOString()
    expect((await of(`from=${now}`)).data).toEqual([])
    expect((await of(`to=${now}&action=login`)).data).toHaveLength(2)
    for (const query of ['action=a%25', 'by=me', 'from=yesterday', 'from=0000-01-01T00:00:00Z', 'sort=at'])
      await expectRefused(server, 400, 'invalid_request', () => owner.get(`/audit-log?${query}`))
  })

  test('goes with the change: when it can’t be written, nothing is changed', async () => {
    const { owner } = await newHouse()
    await server.rows(`alter table audit_log add constraint no_keys check (action <> 'apiKey.create') not valid`)
    try {
      await expect(owner.post('/api-keys', { kind: 'secret', name: 'never' })).rejects.toThrow('500')
    } finally {
      await server.rows(`alter table audit_log drop constraint no_keys`)
      server.faults.length = 0
    }
    const keys = await owner.get<Page<ApiKeyInfo>>('/api-keys')
    expect(keys.body.data.map(({ name }) => name)).not.toContain('never')
  })
})
