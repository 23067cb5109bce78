import { AGENT_NAME } from '@shared/domain/agents'
import { AgentViewError, notFound } from '@shared/domain/errors'
import type { Json } from '@shared/domain/json'
import { jsonChanges } from '@shared/domain/jsonChanges'
import { tunables } from '@shared/domain/tunables'
import { idKeyOf, readCursor, toPage } from '@shared/http/cursor'
import { findAgentSummary, listAgentSummaries, listVersions, readVersion } from '@shared/store/admin/agents'
import { audited } from '@shared/store/admin/audit'
import { activateVersion } from '@shared/store/publishAgents'
import type { AdminTools } from '../adminTools.ts'
import { auditorOf } from '../caller.ts'
import type { AdminHandlers } from '../serveAdmin.ts'

type Names = 'listAgents' | 'readAgent' | 'listVersions' | 'readVersion' | 'diffVersions' | 'activateVersion'

const isVersionKey = idKeyOf('agentVersion')

export function agentRoutes({ db }: AdminTools): AdminHandlers<Names> {
  async function agentOf(organizationId: string, name: string) {
    const agent = await findAgentSummary(db, organizationId, name)
    if (!agent) throw notFound('agent')
    return agent
  }

  async function versionOf(organizationId: string, name: string, version: string) {
    const found = await readVersion(db, organizationId, name, version)
    if (!found) throw notFound('version of this agent')
    // A definition is plain data, whatever its type says.
    return { ...found, definition: JSON.parse(JSON.stringify(found.definition)) as Record<string, Json> }
  }

  return {
    async listAgents({ caller, query }) {
      const { limit = tunables.listDefault, order = 'asc', cursor } = query
      const after = readCursor(cursor, isNameKey)?.[0] ?? null
      const rows = await listAgentSummaries(db, caller.organizationId, after, { limit: limit + 1, order })
      return { status: 200, body: toPage(rows, limit, ({ name }) => [name]) }
    },

    async readAgent({ caller, params }) {
      return { status: 200, body: await agentOf(caller.organizationId, params.name) }
    },

    async listVersions({ caller, params, query }) {
      const { limit = tunables.listDefault, order = 'desc', cursor } = query
      const after = readCursor(cursor, isVersionKey)?.[0] ?? null
      await agentOf(caller.organizationId, params.name)
      const rows = await listVersions(db, caller.organizationId, params.name, after, { limit: limit + 1, order })
      return { status: 200, body: toPage(rows, limit, ({ id }) => [id]) }
    },

    async readVersion({ caller, params }) {
      return { status: 200, body: await versionOf(caller.organizationId, params.name, params.version) }
    },

    async diffVersions({ caller, params, query }) {
      const { definition: from } = await versionOf(caller.organizationId, params.name, query.from)
      const { definition: to } = await versionOf(caller.organizationId, params.name, query.to)
      const changes = jsonChanges(from, to).map((change) => ({
        ...change,
        ...withValue('from', valueAt(from, change.path)),
        ...withValue('to', valueAt(to, change.path)),
      }))
      return { status: 200, body: { ...query, changes } }
    },

    async activateVersion(call) {
      const { caller, params, body } = call
      await audited(db, auditorOf(caller, call), async (client) => {
        const activated = await activateVersion(client, caller.organizationId, params.name, body.version)
        if (!activated) throw new AgentViewError('not_found', 'No such agent, or no such version of it.')
        const note = {
          action: 'agent.activate',
          target: params.name,
          details: { from: activated.before, to: body.version },
        }
        return { result: null, note: activated.before === body.version ? null : note }
      })
      return { status: 200, body: await agentOf(caller.organizationId, params.name) }
    },
  }
}

function isNameKey(key: unknown): key is [string] {
  return Array.isArray(key) && key.length === 1 && typeof key[0] === 'string' && AGENT_NAME.test(key[0])
}

function withValue(side: 'from' | 'to', value: Json | undefined): { from?: Json; to?: Json } {
  return value === undefined ? {} : { [side]: value }
}

/** What stands at a JSON Pointer; undefined: nothing. */
function valueAt(root: Json, path: string): Json | undefined {
  let value: Json | undefined = root
  for (const segment of path.split('/').slice(1)) {
    const key = segment.replaceAll('~1', '/').replaceAll('~0', '~')
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (Reflect.get(value, key) as Json)
        : undefined
  }
  return value
}
