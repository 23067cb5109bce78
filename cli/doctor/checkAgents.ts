import { Agent, request } from 'undici'
import type { AgentDefinition } from '@shared/domain/agents'
import type { OutboundGuard } from '@shared/outbound/guard'
import { guardedConnector } from '@shared/outbound/guardedConnector'
import { type Finding, bad, ok, reasonOf, warn } from './finding.ts'

const ANSWER_MS = 5_000

/** Whether the agent apps of the config file may be called and answer anything at all; no run is made. */
export async function checkAgents(definitions: readonly AgentDefinition[], guard: OutboundGuard): Promise<Finding[]> {
  const dispatcher = new Agent({ connect: guardedConnector(guard, { timeout: ANSWER_MS }) })
  try {
    return await Promise.all(definitions.map((definition) => checkAgent(definition, guard, dispatcher)))
  } finally {
    await dispatcher.destroy()
  }
}

async function checkAgent({ name, url }: AgentDefinition, guard: OutboundGuard, dispatcher: Agent): Promise<Finding> {
  const subject = `Agent ${name}`
  const fault = guard.urlFault(url)
  if (fault !== null) return bad(subject, `its url ${fault}`, 'Change the url, or set AGENTVIEW_ALLOW_HOSTS.')
  try {
    const { body } = await request(url, { method: 'HEAD', dispatcher, signal: AbortSignal.timeout(ANSWER_MS) })
    await body.dump()
    return ok(subject, 'is reachable')
  } catch (error) {
    return warn(
      subject,
      `can not be reached (${reasonOf(error)})`,
      `Start it; then "agentview agent check" tries it against the protocol.`,
    )
  }
}
