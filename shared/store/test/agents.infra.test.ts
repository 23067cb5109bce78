import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { AgentDefinition } from '@shared/domain/agents'
import { newId } from '@shared/domain/ids'
import {
  findActiveVersion,
  findAgentByName,
  findVersion,
  findVersionById,
  listAgents,
  publishAgent,
} from '../agents.ts'
import { insertOrganization } from '../organizations.ts'
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
const publish = (definition: AgentDefinition, onConflict: 'refuse' | 'dev' = 'refuse') =>
  publishAgent(engine.db, organizationId, definition, onConflict)
const active = async () => (await findAgentByName(engine.db, organizationId, 'eliza'))!

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
    expect(
      await engine.rows('select from agent_versions where organization_id = $1', uuidOfOrganization()),
    ).toHaveLength(1)
  })

  test('the same version with another definition is refused, and the old one stays active', async () => {
    await publish(define('1.0.0'))
    expect(await publish(define('1.0.0', { title: 'Other' }))).toEqual({ outcome: 'version_exists', version: '1.0.0' })
    expect((await active()).definition).toEqual(define('1.0.0'))
    expect(
      await engine.rows('select from agent_versions where organization_id = $1', uuidOfOrganization()),
    ).toHaveLength(1)
  })

  test('the same version with another definition is a dev version while developing', async () => {
    await publish(define('1.0.0'))
    const titled = (title: string) => publish(define('1.0.0', { title }), 'dev')
    expect(await titled('A')).toEqual({ outcome: 'published', version: '1.0.0-dev.1' })
    expect(await titled('B')).toEqual({ outcome: 'published', version: '1.0.0-dev.2' })
    expect(await titled('B')).toEqual({ outcome: 'unchanged', version: '1.0.0-dev.2' })
    expect(await active()).toMatchObject({ version: '1.0.0-dev.2', definition: { title: 'B' } })
  })

  test('a definition that stood before activates its version again', async () => {
    await publish(define('1.0.0'))
    await publish(define('1.0.0', { title: 'A' }), 'dev')
    expect(await publish(define('1.0.0'), 'dev')).toEqual({ outcome: 'published', version: '1.0.0' })
    expect((await active()).version).toBe('1.0.0')
  })

  test('by ten at once makes one version of each definition', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, i) => publish(define('1.0.0', { title: `${i % 3}` }), 'dev')),
    )
    const versions = ['1.0.0', '1.0.0-dev.1', '1.0.0-dev.2']
    expect([...new Set(outcomes.map(({ version }) => version))].toSorted()).toEqual(versions)
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
