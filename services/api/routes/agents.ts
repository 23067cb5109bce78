import { AGENT_NAME } from '@shared/domain/agents'
import { tunables } from '@shared/domain/tunables'
import type { Handlers } from '@shared/http/serveRoute'
import { agentByName } from '@shared/intake/agentVersions'
import { type AgentVersion, listAgents } from '@shared/store/agents'
import type { ApiTools } from '../apiTools.ts'
import { readCursor, toPage } from '@shared/http/cursor'

export function agentRoutes({ db }: ApiTools): Handlers<'listAgents' | 'readAgent'> {
  return {
    async listAgents({ caller, query }) {
      const { limit = tunables.listDefault, order = 'asc', cursor } = query
      const after = readCursor(cursor, isNameKey)?.[0] ?? null
      const agents = await listAgents(db, caller.organizationId, after, { limit: limit + 1, order })
      return { status: 200, body: toPage(agents.map(publicPart), limit, ({ name }) => [name]) }
    },
    async readAgent({ caller, params }) {
      return { status: 200, body: publicPart(await agentByName(db, caller.organizationId, params.name)) }
    },
  }
}

function isNameKey(key: unknown): key is [string] {
  return Array.isArray(key) && key.length === 1 && typeof key[0] === 'string' && AGENT_NAME.test(key[0])
}

/** What everybody may know of an agent: no URL, no policy. */
function publicPart({ name, version, definition }: AgentVersion) {
  return {
    name,
    ...(definition.title !== undefined && { title: definition.title }),
    version,
    runs: definition.runs.map(({ type, input }) => ({ type, ...(input && { input: input.schema }) })),
  }
}
