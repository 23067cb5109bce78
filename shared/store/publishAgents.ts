import type { AgentDefinition } from '@shared/domain/agents'
import { newId } from '@shared/domain/ids'
import { type PublishMode, type PublishPlan, type PublishedVersion, planPublish } from '@shared/domain/planPublish'
import { type CustomerAuth, setCustomerAuth } from './organizations.ts'
import type { Database } from './pool.ts'
import { inTransaction, query, queryOne } from './query.ts'
import { uuid } from './render.ts'

/** What is published at once: all of it, or nothing. */
export interface Publication {
  /** Names are unique. */
  agents: readonly AgentDefinition[]
  /** How the customer's own tokens are verified; null: there are none. Undefined: as it was. */
  auth?: CustomerAuth | null
}

export interface PublishedAgent extends PublishPlan {
  name: string
}

type Client = Pick<Database, 'query'>

/** Ends a transaction of which nothing shall be left. */
class Refused extends Error {
  readonly agents: PublishedAgent[]

  constructor(agents: PublishedAgent[]) {
    super('a version exists with another definition')
    this.agents = agents
  }
}

/**
 * Publishes definitions and makes them active, as `planPublish` says. When one of them is refused (`version_exists`),
 * nothing is written. Returns what became, or would have become, of each, by name.
 */
export async function publishAgents(
  db: Database,
  organizationId: string,
  { agents, auth }: Publication,
  mode: PublishMode,
): Promise<PublishedAgent[]> {
  const organization = uuid('organization', organizationId)
  // Two publishers lock in the same order.
  const inOrder = agents.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return inTransaction(db, 'begin', async (client) => {
    const published: PublishedAgent[] = []
    for (const definition of inOrder) published.push(await publishOne(client, organization, definition, mode))
    if (published.some(({ outcome }) => outcome === 'version_exists')) throw new Refused(published)
    if (auth !== undefined) await setCustomerAuth(client, organizationId, auth)
    return published
  }).catch((error: unknown) => {
    if (error instanceof Refused) return error.agents
    throw error
  })
}

async function publishOne(
  client: Client,
  organization: string,
  definition: AgentDefinition,
  mode: PublishMode,
): Promise<PublishedAgent> {
  const { name } = definition
  // Locks the agent, so that two publishers of one agent come after each other. An update of a column that no unique
  // index has: sessions that are being made refer to the agent and would otherwise be waited for.
  const agent = await client.query<{ id: string; active_version_id: string | null }>(
    `insert into agents (id, organization_id, name) values ($1, $2, $3)
     on conflict (organization_id, name) do update set active_version_id = agents.active_version_id
     returning id, active_version_id`,
    [uuid('agent', newId('agent')), organization, name],
  )
  const { id: agentId, active_version_id: activeId } = agent.rows[0]!
  const { rows } = await client.query<{ id: string; version: string; definition: AgentDefinition }>(
    'select id, version, definition from agent_versions where agent_id = $1 order by id',
    [agentId],
  )
  const plan = planPublish(
    definition,
    rows.map((row) => ({ ...row, active: row.id === activeId })),
    mode,
  )
  if (plan.outcome === 'published') {
    await client.query(
      `with version as (
         insert into agent_versions (id, organization_id, agent_id, version, definition) values ($1, $2, $3, $4, $5)
         returning id, agent_id
       )
       update agents set active_version_id = version.id from version where agents.id = version.agent_id`,
      [uuid('agentVersion', newId('agentVersion')), organization, agentId, plan.version, JSON.stringify(definition)],
    )
  }
  if (plan.outcome === 'activated') {
    const versionId = rows.find((row) => row.version === plan.version)!.id
    await client.query('update agents set active_version_id = $2 where id = $1', [agentId, versionId])
  }
  return { name, ...plan }
}

/**
 * Makes a version that is there the active one: forwards, or back. Sessions that have gone on to a newer version of its
 * major stay with theirs. Null: there is no such agent, or no such version of it.
 */
export async function activateVersion(
  db: Client,
  organizationId: string,
  name: string,
  version: string,
): Promise<{ before: string | null } | null> {
  return queryOne<{ before: string | null }>(
    db,
    {
      name: 'activate_version',
      text: `with agent as (
          select a.id, a.active_version_id, v.id as version_id from agents a join agent_versions v on v.agent_id = a.id
          where a.organization_id = $1 and a.name = $2 and v.version = $3 for no key update of a
        ), activated as (
          update agents set active_version_id = agent.version_id from agent where agents.id = agent.id
        )
        select v.version as before from agent left join agent_versions v on v.id = agent.active_version_id`,
    },
    [uuid('organization', organizationId), name, version],
  )
}

/** All versions of some agents, oldest first, by the agents' names. */
export async function readPublished(
  db: Database,
  organizationId: string,
  names: readonly string[],
): Promise<Map<string, PublishedVersion[]>> {
  const rows = await query<PublishedVersion & { name: string }>(
    db,
    {
      name: 'read_published',
      text: `select a.name, v.version, v.definition, v.id = a.active_version_id as active
        from agents a join agent_versions v on v.agent_id = a.id
        where a.organization_id = $1 and a.name = any($2) order by v.id`,
    },
    [uuid('organization', organizationId), names],
  )
  const byName = new Map<string, PublishedVersion[]>()
  for (const { name, ...version } of rows) byName.set(name, [...(byName.get(name) ?? []), version])
  return byName
}
