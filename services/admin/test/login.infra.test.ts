import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Me } from '@shared/contracts/adminObjects'
import { tunables } from '@shared/domain/tunables'
import { type AdminClient, PASSWORD, browse, logIn, newMember } from '../../../test/server/adminClient.ts'
import type { ErrorBody } from '../../../test/server/apiClient.ts'
import { expectRefused } from '../../../test/server/expectRefused.ts'
import { type AdminServer, startAdminServer } from '../../../test/server/startAdminServer.ts'

let server: AdminServer
let owner: AdminClient

beforeAll(async () => {
  server = await startAdminServer()
  owner = await newMember(server, server.main.organizationId, 'owner', 'Olga')
})
afterAll(() => server?.close())

const tryIn = (email: string, password: string, headers: Record<string, string> = {}) =>
  browse<Me & ErrorBody>(server, new Map(), 'POST', '/login', { body: { email, password }, headers })

describe('a login', () => {
  test('gives the person, his organizations, and a cookie that no script reads', async () => {
    const answer = await tryIn(owner.email.toUpperCase(), PASSWORD, { 'x-test-address': 'a' })
    expect(answer.status).toBe(200)
    const { organizationId } = server.main
    expect(answer.body).toMatchObject({
      user: { name: 'Olga', email: owner.email },
      member: { id: owner.memberId, role: 'owner' },
      organization: { id: organizationId, name: 'main' },
      organizations: [{ id: organizationId, name: 'main', role: 'owner' }],
    })
    const [cookie, ...others] = answer.headers.getSetCookie()
    expect(others).toEqual([])
    expect(cookie).toMatch(/^agentview\.session_token=/)
    expect(cookie).toContain('HttpOnly')
    expect(cookie).toContain('SameSite=Lax')
    expect(cookie).not.toContain('Secure')
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  test('leaves neither password nor token in the database', async () => {
    const [row] = await server.rows<{ password: string }>(`select password from accounts limit 1`)
    expect(row!.password).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    const token = decodeURIComponent(owner.cookie()).split('=')[1]!.split('.')[0]!
    expect(token.length).toBeGreaterThan(20)
    const dump = await server.rows<{ row: string }>(
      `select to_jsonb(l)::text as row from login_sessions l union all select to_jsonb(a)::text from audit_log a`,
    )
    expect(dump.length).toBeGreaterThan(0)
    for (const { row: text } of dump) expect(text).not.toContain(token)
  })

  test('is refused alike for a wrong password, an unknown address and what is no address', async () => {
    const asked: [string, string][] = [
      [owner.email, 'wrong password'],
      ['nobody@example.com', PASSWORD],
      ['no address', PASSWORD],
      [owner.email, `${PASSWORD} `],
    ]
    const told = new Set<string>()
    for (const [email, password] of asked) {
      const error = await expectRefused(server, 401, 'invalid_login', () =>
        tryIn(email, password, { 'x-test-address': 'uniform' }),
      )
      told.add(JSON.stringify({ ...error, requestId: '' }))
    }
    expect(told.size).toBe(1)
  })

  test('is refused when somebody tries too often: for an account from anywhere, from an address for any account', async () => {
    const victim = await newMember(server, server.main.organizationId, 'viewer', 'Victim')
    for (let tries = 0; tries < tunables.login.triesOfAccount; tries++) {
      const answer = await tryIn(victim.email, 'wrong', { 'x-test-address': `from ${tries}` })
      expect(answer.status).toBe(401)
    }
    const limited = await tryIn(victim.email, PASSWORD, { 'x-test-address': 'one more' })
    expect([limited.status, limited.body.error.code]).toEqual([429, 'rate_limited'])
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(Number(limited.headers.get('retry-after'))).toBeLessThanOrEqual(tunables.login.within / 1_000)

    const statuses = []
    for (let tries = 0; tries <= tunables.login.triesOfAddress; tries++) {
      statuses.push((await tryIn(`nobody${tries}@example.com`, 'wrong', { 'x-test-address': 'guesser' })).status)
    }
    expect(statuses.filter((status) => status === 401)).toHaveLength(tunables.login.triesOfAddress)
    expect(statuses.at(-1)).toBe(429)
  })

  test('takes no body that is unsound', async () => {
    for (const body of [
      {},
      { email: owner.email },
      { email: owner.email, password: PASSWORD, role: 'owner' },
      { email: 'a\u0000', password: 'b' },
    ]) {
      await expectRefused(server, 400, 'invalid_request', () => browse(server, new Map(), 'POST', '/login', { body }))
    }
  })
})

describe('a cookie', () => {
  test('that was altered, or ended by a logout, is nobody’s', async () => {
    const person = await newMember(server, server.main.organizationId, 'viewer')
    expect((await person.get('/me')).status).toBe(200)
    const [name, value] = person.cookie().split('=') as [string, string]
    const altered = new Map([[name, value.replace(/^./, (letter) => (letter === 'A' ? 'B' : 'A'))]])
    await expectRefused(server, 401, 'unauthorized', () => browse(server, altered, 'GET', '/me'))

    const old = new Map([[name, value]])
    expect((await person.post('/logout')).status).toBe(204)
    expect(person.cookie()).toBe('')
    await expectRefused(server, 401, 'unauthorized', () => browse(server, old, 'GET', '/me'))
  })

  test('ends with its time', async () => {
    const person = await newMember(server, server.main.organizationId, 'viewer')
    await server.rows(
      `update login_sessions set expires_at = clock_timestamp() - interval '1 s' where user_id = (select id from users where email = $1)`,
      person.email,
    )
    expect((await person.get('/me')).status).toBe(401)
  })

  test('counts for nothing without the CSRF token, or from another page', async () => {
    const cookies = new Map([owner.cookie().split('=') as [string, string]])
    const rename = (headers: Record<string, string>) =>
      browse(server, cookies, 'PATCH', '/me', { body: { name: 'Mallory' }, headers })
    const token = owner.me.csrfToken
    const foreign = (await newMember(server, server.main.organizationId, 'owner')).me.csrfToken
    await expectRefused(server, 403, 'csrf_refused', () => rename({}))
    await expectRefused(server, 403, 'csrf_refused', () => rename({ 'agentview-csrf': foreign }))
    await expectRefused(server, 403, 'csrf_refused', () => rename({ 'agentview-csrf': `${token}x` }))
    for (const origin of ['https://shop.example', 'https://evil.example', 'null']) {
      await expectRefused(server, 403, 'origin_not_allowed', () => rename({ 'agentview-csrf': token, origin }))
      await expectRefused(server, 403, 'origin_not_allowed', () =>
        browse(server, new Map(), 'POST', '/login', {
          body: { email: owner.email, password: PASSWORD },
          headers: { origin },
        }),
      )
      await expectRefused(server, 403, 'origin_not_allowed', () =>
        browse(server, cookies, 'GET', '/me', { headers: { origin } }),
      )
    }
    expect((await rename({ 'agentview-csrf': token, origin: server.url })).status).toBe(200)
  })
})

test('behind https the cookie is for https only', async () => {
  const secure = await startAdminServer({ publicUrl: 'https://agents.example' })
  try {
    const person = await newMember(secure, secure.main.organizationId, 'viewer')
    expect(person.cookie()).toMatch(/^__Secure-agentview\.session_token=/)
    expect((await person.get('/me')).status).toBe(200)
    expect((await person.get('/me', { origin: 'https://agents.example' })).status).toBe(200)
  } finally {
    await secure.close()
  }
})

describe('a new password', () => {
  test('ends all other logins, and is the one that counts from then on', async () => {
    const person = await newMember(server, server.main.organizationId, 'viewer')
    const elsewhere = await logIn(server, person.email)
    const change = (password: string, newPassword: string) => person.post('/me/password', { password, newPassword })
    await expectRefused(server, 401, 'invalid_login', () => change('wrong', 'another password'))
    await expectRefused(server, 400, 'invalid_request', () => change(PASSWORD, 'short'))
    expect((await elsewhere.get('/me')).status).toBe(200)

    expect((await change(PASSWORD, 'another password')).status).toBe(204)
    expect((await elsewhere.get('/me')).status).toBe(401)
    expect((await person.get('/me')).status).toBe(200)
    expect((await tryIn(person.email, PASSWORD, { 'x-test-address': 'b' })).status).toBe(401)
    expect((await tryIn(person.email, 'another password', { 'x-test-address': 'c' })).status).toBe(200)
  })
})

test('a person in two organizations says which one he asks about; another’s is absent', async () => {
  const [row] = await server.rows<{ id: string }>(`select id from users where email = $1`, owner.email)
  await server.rows(
    `insert into members (id, organization_id, user_id, role) select gen_random_uuid(), id, $1, 'viewer' from organizations where name = 'other'`,
    row!.id,
  )
  const there = { 'agentview-organization': server.other.organizationId }
  const me = await owner.get<Me>('/me', there)
  expect(me.body).toMatchObject({ member: { role: 'viewer' }, organization: { id: server.other.organizationId } })
  expect(me.body.organizations).toHaveLength(2)
  const refused = await owner.request<ErrorBody>('POST', '/api-keys', {
    body: { kind: 'secret', name: 'x' },
    headers: there,
  })
  expect([refused.status, refused.body.error.code]).toEqual([403, 'forbidden'])
  const absent = { 'agentview-organization': 'org_01h455vb4pex5vsknk084sn02q' }
  await expectRefused(server, 404, 'not_found', () => owner.get('/me', absent))
  await expectRefused(server, 400, 'invalid_request', () => owner.get('/me', { 'agentview-organization': 'main' }))
})
