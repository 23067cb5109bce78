import { type JsonChange, jsonChanges } from '@shared/domain/jsonChanges'
import { type PublishPlan, type PublishedVersion, planPublish } from '@shared/domain/planPublish'
import type { CustomerAuth } from '@shared/store/organizations'
import type { SealedConfig } from '../publishConfig.ts'

/** What a push would do with an agent. */
export interface AgentDifference extends PublishPlan {
  name: string
  /** The version that is active now; null: the agent is new. */
  active: string | null
  /** Against the active version; of a refused one against the version that exists. */
  changes: JsonChange[]
}

export interface ConfigDifferences {
  agents: AgentDifference[]
  auth: JsonChange[]
}

/** What a push of a config would change. Only places are told, no values: some of them are secrets. */
export function differencesOf(
  config: Pick<SealedConfig, 'agents' | 'auth'>,
  published: ReadonlyMap<string, readonly PublishedVersion[]>,
  auth: CustomerAuth | null,
): ConfigDifferences {
  const agents = config.agents.map((definition): AgentDifference => {
    const known = published.get(definition.name) ?? []
    const plan = planPublish(definition, known, 'push')
    const active = known.find((one) => one.active)
    const base = plan.outcome === 'version_exists' ? known.find((one) => one.version === plan.version) : active
    const changes = base && plan.outcome !== 'unchanged' ? jsonChanges(base.definition, definition) : []
    // The version stands in the line above them.
    const told = changes.filter(({ path }) => path !== '/version')
    return { name: definition.name, ...plan, active: active?.version ?? null, changes: told }
  })
  return { agents, auth: jsonChanges(auth ?? undefined, config.auth ?? undefined) }
}

/** Whether a push would do anything, or be refused. */
export function hasDifferences({ agents, auth }: ConfigDifferences): boolean {
  return auth.length > 0 || agents.some(({ outcome }) => outcome !== 'unchanged')
}

const SIGNS = { added: '+', removed: '-', changed: '~' } as const

/** For people. */
export function renderDifferences({ agents, auth }: ConfigDifferences): string {
  const lines = agents.flatMap((agent) => [headOf(agent), ...agent.changes.map(lineOf)])
  if (auth.length > 0) lines.push('~ auth', ...auth.map(lineOf))
  return lines.join('\n')
}

function headOf({ name, outcome, version, active }: AgentDifference): string {
  if (outcome === 'version_exists')
    return `! ${name} ${version} is published with another definition: give the changed one a new version`
  if (outcome === 'unchanged') return `= ${name} ${version}`
  if (active === null) return `+ ${name} ${version}`
  return `~ ${name} ${active} -> ${version}${outcome === 'activated' ? ', which is there already' : ''}`
}

function lineOf({ kind, path }: JsonChange): string {
  return `    ${SIGNS[kind]} ${path === '' ? 'all of it' : path}`
}
