import type { AgentDefinition } from '@shared/domain/agents'
import { idOf } from '@shared/domain/ids'
import { query, queryOne } from '../query.ts'
import { iso, uuid } from '../render.ts'
import { type Page, START, beyond } from '../sessions.ts'
import { concealDefinition } from '../sealedDefinitions.ts'
import type { Client } from './audit.ts'

interface AgentRow {
  name: string
  title: string | null
  active: string | null
  versions: number
  created_at: Date
}

/** An agent, with what its active version is called. */
export interface AgentSummary {
  name: string
  title?: string
  activeVersion: string | null
  versions: number
  createdAt: string
}

const SELECT = `
  select a.name, v.definition ->> 'title' as title, v.version as active, a.created_at,
    (select count(*) from agent_versions c where c.agent_id = a.id) as versions
  from agents a left join agent_versions v on v.id = a.active_version_id where a.organization_id = $1`

function toSummary({ name, title, active, versions, created_at }: AgentRow): AgentSummary {
  return { name, ...(title !== null && { title }), activeVersion: active, versions, createdAt: iso(created_at) }
}

/** By name; `after` is the last one of the page before. */
export async function listAgentSummaries(
  db: Client,
  organizationId: string,
  after: string | null,
  { limit, order }: Page,
): Promise<AgentSummary[]> {
  const rows = await query<AgentRow>(
    db,
    {
      name: `list_agent_summaries_${order}`,
      text: `${SELECT} and ($2::text is null or a.name ${beyond(order)} $2) order by a.name ${order} limit $3`,
    },
    [uuid('organization', organizationId), after, limit],
  )
  return rows.map(toSummary)
}

export async function findAgentSummary(db: Client, organizationId: string, name: string): Promise<AgentSummary | null> {
  const row = await queryOne<AgentRow>(db, { name: 'find_agent_summary', text: `${SELECT} and a.name = $2` }, [
    uuid('organization', organizationId),
    name,
  ])
  return row && toSummary(row)
}

/** One version, without its definition. */
export interface VersionSummary {
  id: string
  version: string
  active: boolean
  createdAt: string
}

interface VersionRow {
  id: string
  version: string
  active: boolean
  created_at: Date
}

const toVersion = ({ id, version, active, created_at }: VersionRow): VersionSummary => ({
  id: idOf('agentVersion', id),
  version,
  active,
  createdAt: iso(created_at),
})

const OF_AGENT = `from agents a join agent_versions v on v.agent_id = a.id where a.organization_id = $1 and a.name = $2`

/** In the order of their publishing. */
export async function listVersions(
  db: Client,
  organizationId: string,
  name: string,
  after: string | null,
  { limit, order }: Page,
): Promise<VersionSummary[]> {
  const rows = await query<VersionRow>(
    db,
    {
      name: `list_versions_${order}`,
      text: `select v.id, v.version, v.id is not distinct from a.active_version_id as active, v.created_at ${OF_AGENT}
             and v.id ${beyond(order)} $3::uuid order by v.id ${order} limit $4`,
    },
    [uuid('organization', organizationId), name, after ? uuid('agentVersion', after) : START[order].id, limit],
  )
  return rows.map(toVersion)
}

/** With the definition for people to read: no secrets in it. */
export async function readVersion(
  db: Client,
  organizationId: string,
  name: string,
  version: string,
): Promise<(VersionSummary & { agent: string; definition: AgentDefinition }) | null> {
  const row = await queryOne<VersionRow & { definition: AgentDefinition }>(
    db,
    {
      name: 'read_version',
      text: `select v.id, v.version, v.id is not distinct from a.active_version_id as active, v.created_at, v.definition
             ${OF_AGENT} and v.version = $3`,
    },
    [uuid('organization', organizationId), name, version],
  )
  return row && { ...toVersion(row), agent: name, definition: concealDefinition(row.definition) }
}
