import { isDeepStrictEqual } from 'node:util'
import type { AgentDefinition } from '@shared/domain/agents'
import { idOf, newId } from '@shared/domain/ids'
import { nextDevVersion } from '@shared/domain/versions'
import type { Database } from './pool.ts'
import { inTransaction, query, queryOne } from './query.ts'
import { uuid } from './render.ts'
import type { Page } from './sessions.ts'

export interface AgentVersion {
  id: string
  agentId: string
  name: string
  version: string
  definition: AgentDefinition
}

interface VersionRow {
  id: string
  agent_id: string
  name: string
  version: string
  definition: AgentDefinition
}

const SELECT = `select v.id, v.agent_id, a.name, v.version, v.definition from agent_versions v join agents a on a.id = v.agent_id`

function toVersion(row: VersionRow): AgentVersion {
  return {
    id: idOf('agentVersion', row.id),
    agentId: idOf('agent', row.agent_id),
    name: row.name,
    version: row.version,
    definition: row.definition,
  }
}

/** The active version of each agent of an organization, by name; `after` is the last name of the page before. */
export async function listAgents(
  db: Database,
  organizationId: string,
  after: string | null,
  { limit, order }: Page,
): Promise<AgentVersion[]> {
  const rows = await query<VersionRow>(
    db,
    {
      name: `list_agents_${order}`,
      text: `${SELECT} where a.organization_id = $1 and v.id = a.active_version_id
        and ($2::text is null or a.name ${order === 'asc' ? '>' : '<'} $2) order by a.name ${order} limit $3`,
    },
    [uuid('organization', organizationId), after, limit],
  )
  return rows.map(toVersion)
}

export async function findAgentByName(
  db: Database,
  organizationId: string,
  name: string,
): Promise<AgentVersion | null> {
  const row = await queryOne<VersionRow>(
    db,
    {
      name: 'find_agent_by_name',
      text: `${SELECT} where a.organization_id = $1 and a.name = $2 and v.id = a.active_version_id`,
    },
    [uuid('organization', organizationId), name],
  )
  return row && toVersion(row)
}

/** The active version of an agent. */
export async function findActiveVersion(db: Database, agentId: string): Promise<AgentVersion | null> {
  const row = await queryOne<VersionRow>(
    db,
    { name: 'find_active_version', text: `${SELECT} where a.id = $1 and v.id = a.active_version_id` },
    [uuid('agent', agentId)],
  )
  return row && toVersion(row)
}

/** A certain version of an agent, active or not. */
export async function findVersion(db: Database, agentId: string, version: string): Promise<AgentVersion | null> {
  const row = await queryOne<VersionRow>(
    db,
    { name: 'find_version', text: `${SELECT} where a.id = $1 and v.version = $2` },
    [uuid('agent', agentId), version],
  )
  return row && toVersion(row)
}

/** A version by its id; immutable, so callers may keep it. */
export async function findVersionById(db: Database, versionId: string): Promise<AgentVersion | null> {
  const row = await queryOne<VersionRow>(db, { name: 'find_version_by_id', text: `${SELECT} where v.id = $1` }, [
    uuid('agentVersion', versionId),
  ])
  return row && toVersion(row)
}

export type PublishOutcome =
  { outcome: 'published' | 'unchanged'; version: string } | { outcome: 'version_exists'; version: string }

/**
 * Publishes an agent's definition and makes it active. A version is immutable: the same version string with another
 * definition is refused, or (`onConflict: 'dev'`, while developing) published as its next `-dev.N`.
 */
export async function publishAgent(
  db: Database,
  organizationId: string,
  definition: AgentDefinition,
  onConflict: 'refuse' | 'dev',
): Promise<PublishOutcome> {
  return inTransaction(db, 'begin', (client) =>
    publishWithin(client, uuid('organization', organizationId), definition, onConflict),
  )
}

async function publishWithin(
  client: Pick<Database, 'query'>,
  organization: string,
  definition: AgentDefinition,
  onConflict: 'refuse' | 'dev',
): Promise<PublishOutcome> {
  // Locks the agent, so that two publishers of one agent come after each other. An update of a column that no unique
  // index has: sessions that are being made refer to the agent and would otherwise be waited for.
  const agent = await client.query<{ id: string; active_version_id: string | null }>(
    `insert into agents (id, organization_id, name) values ($1, $2, $3)
     on conflict (organization_id, name) do update set active_version_id = agents.active_version_id
     returning id, active_version_id`,
    [uuid('agent', newId('agent')), organization, definition.name],
  )
  const { id: agentId, active_version_id: activeId } = agent.rows[0]!
  const existing = await client.query<{ id: string; version: string; definition: AgentDefinition }>(
    'select id, version, definition from agent_versions where agent_id = $1',
    [agentId],
  )
  const same = existing.rows.find((row) => isSameDefinition(row.definition, definition))
  if (same) {
    if (same.id !== activeId) await activate(client, agentId, same.id)
    return { outcome: same.id === activeId ? 'unchanged' : 'published', version: same.version }
  }
  const taken = existing.rows.map((row) => row.version)
  if (taken.includes(definition.version) && onConflict === 'refuse')
    return { outcome: 'version_exists', version: definition.version }
  const version = taken.includes(definition.version) ? nextDevVersion(definition.version, taken) : definition.version
  const versionId = uuid('agentVersion', newId('agentVersion'))
  await client.query(
    'insert into agent_versions (id, organization_id, agent_id, version, definition) values ($1, $2, $3, $4, $5)',
    [versionId, organization, agentId, version, JSON.stringify(definition)],
  )
  await activate(client, agentId, versionId)
  return { outcome: 'published', version }
}

/** By value after a turn through JSON: jsonb orders keys its own way. */
function isSameDefinition(a: AgentDefinition, b: AgentDefinition): boolean {
  return isDeepStrictEqual(JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b)))
}

async function activate(client: Pick<Database, 'query'>, agentId: string, versionId: string): Promise<void> {
  await client.query('update agents set active_version_id = $2 where id = $1', [agentId, versionId])
}
