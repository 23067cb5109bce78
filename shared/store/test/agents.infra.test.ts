import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { AgentDefinition } from '@shared/domain/agents'
import { newId } from '@shared/domain/ids'
import type { PublishMode } from '@shared/domain/planPublish'
import { findActiveVersion, findAgentByName, findVersion, findVersionById, listAgents } from '../agents.ts'
import { findOrganization, insertOrganization } from '../organizations.ts'
import { activateVersion, publishAgents, readPublished } from '../publishAgents.ts'
import { DEFINITION, type TestEngine, bare, startTestEngine } from './testEngine.ts'

let engine: TestEngine
let organizationId: string
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.close())
beforeEach(async () => {
  organizationId = newId('organization')
  const settings = { allowedOrigins: [], allowLocalOrigins: false }
  await insertOrganization(engine.db, { id: organizationId, name: 'Another', settings, agentSigningSecret: 's' })
})

const define = (version: string, more: Partial<AgentDefinition> = {}): AgentDefinition => ({
  ...DEFINITION,
  version,
  ...more,
})
const publishAll = (agents: AgentDefinition[], mode: PublishMode = 'push') =>
  publishAgents(engine.db, organizationId, { agents }, mode)
const publish = async (definition: AgentDefinition, mode: PublishMode = 'push') => {
  const [{ outcome, version } = { outcome: null, version: null }] = await publishAll([definition], mode)
  return { outcome, version }
}
const active = async (name = 'eliza') => (await findAgentByName(engine.db, organizationId, name))!
const countVersions = async () =>
  (await engine.rows('select from agent_versions where organization_id = $1', uuidOfOrganization())).length

describe('publishing an agent', () => {
  test('makes a version and activates it', async () => {
    expect(await publish(define('1.0.0'))).toEqual({ outcome: 'published', version: '1.0.0' })
    expect(await publish(define('1.1.0', { title: 'New' }))).toEqual({ outcome: 'published', version: '1.1.0' })
    const version = await active()
    expect(version).toMatchObject({ version: '1.1.0', name: 'eliza', definition: define('1.1.0', { title: 'New' }) })
    expect(await findActiveVersion(engine.db, version.agentId)).toEqual(version)
    expect(await findVersionById(engine.db, version.id)).toEqual(version)
    expect(await findVersion(engine.db, version.agentId, '1.0.0')).toMatchObject({ version: '1.0.0' })
    expect(await findVersion(engine.db, version.agentId, '9.0.0')).toBeNull()
  })

  test('again, unchanged, changes nothing, whatever the order of keys', async () => {
    await publish(define('1.0.0'))
    const { runs, name, ...rest } = define('1.0.0')
    expect(await publish({ ...rest, name, runs })).toEqual({ outcome: 'unchanged', version: '1.0.0' })
    expect(await countVersions()).toBe(1)
  })

  test('the same version with another definition is refused, and the old one stays active', async () => {
    await publish(define('1.0.0'))
    expect(await publish(define('1.0.0', { title: 'Other' }))).toEqual({ outcome: 'version_exists', version: '1.0.0' })
    expect((await active()).definition).toEqual(define('1.0.0'))
    expect(await countVersions()).toBe(1)
  })

  test('the same version with another definition is a dev version while developing', async () => {
    await publish(define('1.0.0'))
    const titled = (title: string) => publish(define('1.0.0', { title }), 'develop')
    expect(await titled('A')).toEqual({ outcome: 'published', version: '1.0.0-dev.1' })
    expect(await titled('B')).toEqual({ outcome: 'published', version: '1.0.0-dev.2' })
    expect(await titled('B')).toEqual({ outcome: 'unchanged', version: '1.0.0-dev.2' })
    expect(await active()).toMatchObject({ version: '1.0.0-dev.2', definition: { title: 'B' } })
  })

  test('a definition that stood before activates its version again', async () => {
    await publish(define('1.0.0'))
    await publish(define('1.0.0', { title: 'A' }), 'develop')
    expect(await publish(define('1.0.0'), 'develop')).toEqual({ outcome: 'activated', version: '1.0.0' })
    expect((await active()).version).toBe('1.0.0')
  })

  test('by ten at once makes one version of each definition', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, i) => publish(define('1.0.0', { title: `${i % 3}` }), 'develop')),
    )
    const versions = ['1.0.0', '1.0.0-dev.1', '1.0.0-dev.2']
    expect(new Set(outcomes.map(({ version }) => version))).toEqual(new Set(versions))
    const rows = await engine.rows<{ version: string }>(
      'select version from agent_versions where organization_id = $1 order by 1',
      uuidOfOrganization(),
    )
    expect(rows.map((row) => row.version)).toEqual(versions)
  })

  test('does not wait for sessions that are being made', async () => {
    await publish(define('1.0.0'))
    const { agentId } = await active()
    const session = { ...engine.sessionWith(), organizationId, agentId }
    const client = await engine.db.connect()
    await client.query('begin')
    await client.query(
      `insert into sessions (id, organization_id, agent_id, end_user_id, space, handle)
       select $1, $2, id, (select id from end_users limit 1), 'production', 'h' from agents where organization_id = $2`,
      [bare(session.id), uuidOfOrganization()],
    )
    expect(await publish(define('1.1.0'))).toMatchObject({ outcome: 'published' })
    await client.query('commit')
    client.release()
  })
})

describe('several agents at once', () => {
  const pair = (title: string): AgentDefinition[] => [
    define('1.0.0', { name: 'adam', title }),
    define('1.0.0', { name: 'zoe', title }),
  ]

  test('are published all, or none of them', async () => {
    await publishAll([define('1.0.0', { name: 'zoe' })])
    const refused = await publishAll([define('1.0.0', { name: 'adam' }), define('1.0.0', { name: 'zoe', title: 'B' })])
    expect(refused).toEqual([
      { name: 'adam', outcome: 'published', version: '1.0.0' },
      { name: 'zoe', outcome: 'version_exists', version: '1.0.0' },
    ])
    expect(await findAgentByName(engine.db, organizationId, 'adam')).toBeNull()
    expect(await countVersions()).toBe(1)
  })

  test('go with how tokens are verified, or neither does', async () => {
    const auth = { issuer: 'https://shop.example', audience: 'a', jwksUrl: 'https://shop.example/keys' }
    const settings = async () => (await findOrganization(engine.db, organizationId))!.settings.customerAuth
    await publishAgents(engine.db, organizationId, { agents: pair('A'), auth }, 'push')
    expect(await settings()).toEqual(auth)
    await publishAgents(engine.db, organizationId, { agents: pair('B'), auth: null }, 'push')
    expect(await settings()).toEqual(auth)
    await publishAgents(engine.db, organizationId, { agents: pair('A') }, 'push')
    expect(await settings()).toEqual(auth)
    await publishAgents(engine.db, organizationId, { agents: pair('A'), auth: null }, 'push')
    expect(await settings()).toBeUndefined()
  })

  test('pushed as one version by twenty at once: of each definition all or none, and one wins both agents', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, i) => publishAll(i % 2 ? pair('A') : pair('B').toReversed())),
    )
    const told = outcomes.map((agents) => agents.map(({ outcome }) => outcome).join())
    const count = (outcome: string) => told.filter((one) => one === outcome).length
    expect(count('published,published')).toBe(1)
    expect(count('unchanged,unchanged')).toBe(9)
    expect(count('version_exists,version_exists')).toBe(10)
    expect((await active('adam')).definition.title).toBe((await active('zoe')).definition.title)
    expect(await countVersions()).toBe(2)
  })
})

describe('activating a version', () => {
  test('goes back and forth, and tells what was active before', async () => {
    await publish(define('1.0.0'))
    await publish(define('1.1.0'))
    const activate = (name: string, version: string) => activateVersion(engine.db, organizationId, name, version)
    expect(await activate('eliza', '1.0.0')).toEqual({ before: '1.1.0' })
    expect((await active()).version).toBe('1.0.0')
    expect(await activate('eliza', '1.0.0')).toEqual({ before: '1.0.0' })
    expect(await activate('eliza', '1.1.0')).toEqual({ before: '1.0.0' })
    expect(await activate('eliza', '1.2.0')).toBeNull()
    expect(await activate('nobody', '1.0.0')).toBeNull()
    expect((await active()).version).toBe('1.1.0')
  })

  test('of another organization’s agent is not possible', async () => {
    await publish(define('1.0.0'))
    await publish(define('1.1.0'))
    expect(await activateVersion(engine.db, engine.organizationId, 'eliza', '1.1.0')).toBeNull()
  })
})

test('what is published is read by agent, oldest first', async () => {
  await publish(define('1.0.0'))
  await publish(define('1.0.0', { title: 'A' }), 'develop')
  await publish(define('1.0.0', { name: 'zoe' }))
  const published = await readPublished(engine.db, organizationId, ['eliza', 'nobody'])
  expect([...published.keys()]).toEqual(['eliza'])
  expect(published.get('eliza')).toEqual([
    { version: '1.0.0', definition: define('1.0.0'), active: false },
    { version: '1.0.0-dev.1', definition: define('1.0.0', { title: 'A' }), active: true },
  ])
})

test('agents are listed by name, each with its active version, of one organization', async () => {
  await publish(define('1.0.0', { name: 'zoe' }))
  await publish(define('1.0.0', { name: 'adam' }))
  await publish(define('1.2.0', { name: 'adam' }))
  const list = async (after: string | null, order: 'asc' | 'desc', limit = 10) =>
    (await listAgents(engine.db, organizationId, after, { limit, order })).map(({ name, version }) => name + version)
  expect(await list(null, 'asc')).toEqual(['adam1.2.0', 'zoe1.0.0'])
  expect(await list('adam', 'asc')).toEqual(['zoe1.0.0'])
  expect(await list(null, 'desc', 1)).toEqual(['zoe1.0.0'])
  expect(await list('zoe', 'desc')).toEqual(['adam1.2.0'])
  expect(await findAgentByName(engine.db, organizationId, 'eliza')).toBeNull()
})

function uuidOfOrganization(): string {
  return bare(organizationId)
}
