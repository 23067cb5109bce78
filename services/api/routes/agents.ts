import type { Handlers } from '@shared/http/mountRoutes'
import { agentByName } from '@shared/intake/agentVersions'
import { type AgentVersion, listAgents } from '@shared/store/agents'
import type { ApiTools } from '../apiTools.ts'

export function agentRoutes({ db }: ApiTools): Handlers<'listAgents' | 'readAgent'> {
  return {
    async listAgents({ caller }) {
      const agents = await listAgents(db, caller.organizationId)
      return { status: 200, body: { data: agents.map(publicPart), nextCursor: null } }
    },
    async readAgent({ caller, params }) {
      return { status: 200, body: publicPart(await agentByName(db, caller.organizationId, params.name)) }
    },
  }
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
