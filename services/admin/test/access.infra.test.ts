import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Rule, adminAccess } from '@shared/contracts/adminAccess'
import { type AdminRouteName, adminRoutes } from '@shared/contracts/adminApi'
import type { AdminRoute } from '@shared/contracts/adminRoute'
import { ROLES, type Role, isAtLeast } from '@shared/domain/roles'
import { newId } from '@shared/domain/ids'
import { type AdminClient, browse, newMember } from '../../../test/server/adminClient.ts'
import type { Answer, ErrorBody } from '../../../test/server/apiClient.ts'
import { countRows, quiet } from '../../../test/server/countRows.ts'
import { type AdminServer, startAdminServer } from '../../../test/server/startAdminServer.ts'

/** Every route of the Admin API × each role, nobody, a member of another organization, and each credential of the Client API. */

const names = Object.keys(adminRoutes) as AdminRouteName[]
/** Streams stay open; that they are refused alike is seen by what refuses them. */
const isStream = (name: AdminRouteName) => 'stream' in adminRoutes[name]

let server: AdminServer
let world: Record<string, string>
const members = {} as Record<Role, AdminClient>
let stranger: AdminClient
let outsider: AdminClient

beforeAll(async () => {
  server = await startAdminServer()
  const { organizationId, client } = server.main
  for (const role of ROLES) members[role] = await newMember(server, organizationId, role, role)
  stranger = await newMember(server, server.other.organizationId, 'owner', 'stranger')
  outsider = await newMember(server, server.other.organizationId, 'owner', 'outsider')
  await server.rows(
    `update members set removed_at = now() where id = (select id from members order by id desc limit 1)`,
  )
  const session = await client.createSession({ agent: 'echo' })
  const { run, items } = await client.ask(session.id, 'Hello')
  const comment = await members.owner.post<{ id: string }>(`/sessions/${session.id}/comments`, { body: 'Look.' })
  const invitation = await members.owner.post<{ id: string }>('/invitations', {
    email: 'new@example.com',
    role: 'viewer',
  })
  const keys = await members.owner.get<{ data: { id: string }[] }>('/api-keys')
  world = {
    sessionId: session.id,
    runId: run.id,
    attempt: '1',
    itemId: items.at(-1)!.id,
    endUserId: session.endUserId,
    commentId: comment.body.id,
    invitationId: invitation.body.id,
    keyId: keys.body.data[0]!.id,
    memberId: members.viewer.memberId,
    name: 'echo',
    version: '1.0.0',
  }
})
afterAll(() => server?.close())

/** Its address with ids that are there, and no body: whoever may call it is told what is wrong with that at most. */
function addressOf(name: AdminRouteName): { method: string; path: string } {
  const { method, path }: AdminRoute = adminRoutes[name]
  const filled = path.replace('/admin/v1', '').replaceAll(/\{(\w+)\}/g, (_, key: string) => world[key]!)
  return { method: method.toUpperCase(), path: filled }
}

/** As a call that changes nothing: a member that no schema knows. */
function probe(name: AdminRouteName, client: AdminClient): Promise<Answer<ErrorBody>> {
  const { method, path } = addressOf(name)
  return method === 'GET'
    ? client.request(method, `${path}?probe=1`)
    : client.request(method, path, { body: { probe: 1 } })
}

function expectedOf(rule: Rule, role: Role): string {
  return rule === 'anyone' || rule === 'person' || isAtLeast(role, rule) ? 'passed' : 'forbidden'
}

/** Whoever may, gets to where the probe is refused; routes without anything to check answer well. */
function verdictOf({ status, body }: Answer<ErrorBody>): string {
  if (status === 403) return body.error.code
  return status === 400 || status < 300 ? 'passed' : `${status} ${body.error.code}`
}

test('every route has a rule', () => {
  expect(Object.keys(adminAccess).toSorted()).toEqual(names.toSorted())
  expect(names.length).toBeGreaterThan(45)
  const documented = server.adminContract.routes.map(({ operationId }) => operationId)
  expect(documented.toSorted()).toEqual(names.toSorted())
})

test('no two routes have one address', () => {
  const places = names.map((name) => `${adminRoutes[name].method} ${adminRoutes[name].path}`)
  expect(new Set(places).size).toBe(places.length)
})

describe.each(ROLES)('a %s', (role) => {
  test('may call what the table says, and nothing else', async () => {
    const wanted: [string, string][] = []
    const got: [string, string][] = []
    for (const name of names) {
      if (name === 'logout' || name === 'leaveOrganization' || name === 'markAllSeen') continue
      wanted.push([name, expectedOf(adminAccess[name], role)])
      got.push([name, verdictOf(await probe(name, members[role]))])
    }
    expect(got).toEqual(wanted)
  })
})

test('nobody may call more than what is anyone’s', async () => {
  await quiet(server)
  const before = await countRows(server.db)
  for (const name of names) {
    const { method, path } = addressOf(name)
    const body = method === 'GET' ? {} : { body: { probe: 1 } }
    const answer = await browse<ErrorBody>(server, new Map(), method, path, body)
    const verdict = [name, answer.status, answer.body.error?.code]
    expect(verdict).toEqual(
      adminAccess[name] === 'anyone' ? [name, 400, 'invalid_request'] : [name, 401, 'unauthorized'],
    )
  }
  expect(await countRows(server.db)).toEqual(before)
})

test('somebody who is a member of nothing sees himself only', async () => {
  for (const name of names) {
    const rule: Rule = adminAccess[name]
    if (rule === 'anyone' || name === 'logout') continue
    expect([name, verdictOf(await probe(name, outsider))]).toEqual([name, rule === 'person' ? 'passed' : 'forbidden'])
  }
})

describe('keys and tokens of the Client API', () => {
  test('open nothing here, alone or beside a cookie', async () => {
    const person = await server.main.newPerson()
    const { secretKey, publishableKey } = server.main
    for (const credential of [secretKey, publishableKey, person.token]) {
      for (const name of names) {
        const { method, path } = addressOf(name)
        const headers = { authorization: `Bearer ${credential}` }
        const body = method === 'GET' ? {} : { body: { probe: 1 } }
        const alone = await browse<ErrorBody>(server, new Map(), method, path, { ...body, headers })
        expect([name, alone.status, alone.body.error.code]).toEqual([name, 403, 'forbidden'])
      }
      const beside = await members.owner.get<ErrorBody>('/me', { authorization: `Bearer ${credential}` })
      expect(beside.status).toBe(403)
    }
  })

  test('that are none are refused as such', async () => {
    const headers = { authorization: 'Bearer av_sk_nonsense' }
    const answer = await browse<ErrorBody>(server, new Map(), 'GET', '/sessions', { headers })
    expect([answer.status, answer.body.error.code]).toEqual([401, 'unauthorized'])
  })
})

/** A body that would do, where a route needs one. */
const BODIES: Partial<Record<AdminRouteName, object>> = {
  changeMember: { role: 'admin' },
  markSession: { starred: true },
  activateVersion: { version: '1.0.0' },
  createComment: { body: 'I was here.' },
  editComment: { body: 'I was here.' },
  resolveComment: { resolved: true },
  setScore: { name: 'feedback', value: 'up' },
}
/** Absent ids in the place of those that are another organization's. */
const ABSENT: Record<string, string> = {
  sessionId: newId('session'),
  runId: newId('run'),
  itemId: newId('item'),
  endUserId: newId('endUser'),
  commentId: newId('comment'),
  invitationId: newId('invitation'),
  keyId: newId('apiKey'),
  memberId: newId('member'),
}

const addressed = names.filter((name) => Object.keys(ABSENT).some((key) => adminRoutes[name].path.includes(`{${key}}`)))

test.each(addressed)('%s: what is another organization’s is as absent as what never was', async (name) => {
  const { method, path }: AdminRoute = adminRoutes[name]
  const call = (ids: Record<string, string>) => {
    const address = path.replace('/admin/v1', '').replaceAll(/\{(\w+)\}/g, (_, key: string) => ids[key] ?? world[key]!)
    const body = BODIES[name]
    return stranger.request<ErrorBody>(method.toUpperCase(), address, body ? { body } : {})
  }
  await quiet(server)
  const before = await countRows(server.db)
  const foreign = await call({})
  const absent = await call(ABSENT)
  const told = ({ status, body }: Answer<ErrorBody>) => ({ status, ...body.error, requestId: '' })
  expect(told(foreign)).toEqual(told(absent))
  expect([foreign.status, foreign.body.error.code]).toEqual([404, 'not_found'])
  expect(await countRows(server.db)).toEqual(before)
})

test('an organization named in a header opens nothing to who is no member of it', async () => {
  for (const name of names) {
    const rule: Rule = adminAccess[name]
    if (rule === 'anyone' || isStream(name)) continue
    const { method, path } = addressOf(name)
    const headers = { 'agentview-organization': server.main.organizationId }
    const answer = await stranger.request<ErrorBody>(method, path, {
      headers,
      ...(method !== 'GET' && { body: { probe: 1 } }),
    })
    expect([name, answer.status]).toEqual([name, 404])
  }
})
