import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { EndUser } from '@shared/domain/objects'
import { type AdminClient, newMember } from '../../../test/server/adminClient.ts'
import type { Page } from '../../../test/server/apiClient.ts'
import { expectRefused } from '../../../test/server/expectRefused.ts'
import { type AdminServer, startAdminServer } from '../../../test/server/startAdminServer.ts'
import type { Tenant } from '../../../test/server/tenant.ts'

let server: AdminServer
let tenant: Tenant
let admin: AdminClient

beforeAll(async () => {
  server = await startAdminServer()
})
afterAll(() => server?.close())
beforeEach(async () => {
  tenant = await server.newTenant()
  admin = await newMember(server, tenant.organizationId, 'admin', 'Adam')
})

interface Version {
  version: string
  active: boolean
}

describe('agents', () => {
  test('are listed with their versions; one is activated, and rolled back', async () => {
    await tenant.publish({ name: 'shop', title: 'Shop' }, 'echo')
    await tenant.publish(
      { name: 'shop', title: 'Shop', version: '1.1.0', metadata: { plan: { type: 'string' } } },
      'echo',
    )
    const agent = async () => (await admin.get<object>('/agents/shop')).body
    expect(await agent()).toMatchObject({ name: 'shop', title: 'Shop', activeVersion: '1.1.0', versions: 2 })
    const { body } = await admin.get<Page<{ name: string }>>('/agents?limit=2&order=desc')
    expect(body.data.map(({ name }) => name)).toEqual(['steps', 'staged'])
    const versions = async () =>
      (await admin.get<Page<Version>>('/agents/shop/versions')).body.data.map(({ version, active }) => [
        version,
        active,
      ])
    expect(await versions()).toEqual([
      ['1.1.0', true],
      ['1.0.0', false],
    ])
    const diff = await admin.get('/agents/shop/diff?from=1.0.0&to=1.1.0')
    expect(diff.body).toEqual({
      from: '1.0.0',
      to: '1.1.0',
      changes: [
        { path: '/metadata', kind: 'added', to: { plan: { type: 'string' } } },
        { path: '/version', kind: 'changed', from: '1.0.0', to: '1.1.0' },
      ],
    })
    const activate = (version: string) => admin.post('/agents/shop/activate', { version })
    expect((await activate('1.0.0')).body).toMatchObject({ activeVersion: '1.0.0' })
    expect(await versions()).toEqual([
      ['1.1.0', false],
      ['1.0.0', true],
    ])
    await activate('1.0.0')
    const log = await admin.get<Page<object>>('/audit-log?action=agent.activate')
    expect(log.body.data).toMatchObject([{ target: 'shop', details: { from: '1.1.0', to: '1.0.0' } }])
    for (const send of [
      () => activate('9.9.9'),
      () => admin.get('/agents/shop/diff?from=1.0.0&to=2.0.0'),
      () => admin.get('/agents/none'),
    ])
      await expectRefused(server, 404, 'not_found', send)
    await expectRefused(server, 400, 'invalid_request', () => admin.get('/agents/shop/diff?from=1.0.0'))
  })

  test('show that a secret has changed, and never the secret, not even sealed', async () => {
    const openai = (apiKey: string) => ({ model: 'm', apiKey })
    const publish = (version: string, apiKey: string) =>
      tenant.publish({ name: 'model', protocol: 'openai', version, openai: openai(apiKey) }, 'echo')
    await publish('1.0.0', 'sk-one')
    await publish('1.1.0', 'sk-two')
    const { body } = await admin.get<{ definition: { openai: { apiKey: string } } }>('/agents/model/versions/1.0.0')
    expect(body.definition.openai.apiKey).toMatch(/^sealed:[0-9a-f]{8}$/)
    const diff = await admin.get<{ changes: { path: string }[] }>('/agents/model/diff?from=1.0.0&to=1.1.0')
    expect(diff.body.changes.map(({ path }) => path)).toEqual(['/openai/apiKey', '/version'])
    expect(JSON.stringify([body, diff.body])).not.toMatch(/sk-|v1\./)
  })
})

describe('end users', () => {
  test('are found, read and erased with their sessions, which is noted', async () => {
    const upsert = async (externalId: string) =>
      (await tenant.client.post<EndUser>('/v1/end-users', { externalId })).body
    const [anna, anton] = [await upsert('anna'), await upsert('anton')]
    const ghost = await tenant.newPerson()
    const session = await tenant.client.createSession({ agent: 'echo', endUserId: anna.id })
    const list = async (query: string) =>
      (await admin.get<Page<EndUser>>(`/end-users${query}`)).body.data.map(({ id }) => id)
    expect(await list('')).toEqual([ghost.id, anton.id, anna.id])
    expect(await list('?externalId=an')).toEqual([anton.id, anna.id])
    expect(await list('?externalId=ann&anonymous=false')).toEqual([anna.id])
    expect(await list('?externalId=%25')).toEqual([])
    expect(await list('?anonymous=true')).toEqual([ghost.id])
    expect((await admin.get(`/end-users/${anna.id}`)).body).toEqual(anna)

    expect((await admin.delete(`/end-users/${anna.id}`)).status).toBe(204)
    await expectRefused(server, 404, 'not_found', () => admin.delete(`/end-users/${anna.id}`))
    await expectRefused(server, 404, 'not_found', () => admin.get(`/end-users/${anna.id}`))
    expect((await tenant.client.get(`/v1/sessions/${session.id}`)).status).toBe(404)
    const log = await admin.get<Page<object>>('/audit-log?action=endUser.erase')
    expect(log.body.data).toMatchObject([{ target: anna.id, details: {} }])
  })
})
