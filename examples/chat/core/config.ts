import { isObject } from '@shared/domain/json'
import { type Fetch, Unreachable, callApi } from './http.ts'

export interface AgentChoice {
  name: string
  title: string
}

export interface DemoConfig {
  publishableKey: string
  agents: AgentChoice[]
}

/** Agents that are for machines: `replay` needs a recording, which nobody can type. */
const NOT_FOR_PEOPLE = new Set(['replay'])

/** What this page is for, from the AgentView that serves it. Throws Unreachable. */
export async function loadConfig(fetch: Fetch, url: string): Promise<DemoConfig> {
  const answer = await callApi(fetch, url, { method: 'GET' })
  const config = answer.ok ? parseConfig(answer.body) : null
  if (!config) throw new Unreachable('AgentView did not say which agents there are.')
  return config
}

/** The configuration as soon as it can be had; `failed` is told why it has to wait. */
export async function waitForConfig(
  load: () => Promise<DemoConfig>,
  failed: (why: string) => void,
): Promise<DemoConfig> {
  for (let pause = 500; ; pause = Math.min(pause * 2, 5_000)) {
    try {
      return await load()
    } catch (error) {
      failed(error instanceof Error ? error.message : String(error))
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }
}

/** The agents that people can talk to, `eliza` first; null for what is no configuration. */
export function parseConfig(body: unknown): DemoConfig | null {
  if (!isObject(body) || typeof body.publishableKey !== 'string' || !Array.isArray(body.agents)) return null
  const agents = body.agents.flatMap((agent) => {
    if (!isObject(agent) || typeof agent.name !== 'string' || NOT_FOR_PEOPLE.has(agent.name)) return []
    return { name: agent.name, title: typeof agent.title === 'string' && agent.title ? agent.title : agent.name }
  })
  agents.sort((a, b) => Number(b.name === 'eliza') - Number(a.name === 'eliza'))
  return { publishableKey: body.publishableKey, agents }
}
