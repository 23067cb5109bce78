import type { AgentDefinition } from '@shared/domain/agents'
import { idOf } from '@shared/domain/ids'
import type { Database } from './pool.ts'
import { query, queryOne } from './query.ts'
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
