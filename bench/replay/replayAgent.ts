import type { AgentPlan } from '../cluster/agentPlan.ts'
import type { AgentLanguage } from './options.ts'

/** They answer as recorded, from the session's metadata. */
const PROGRAMS: Record<AgentLanguage, Pick<AgentPlan, 'command' | 'program'>> = {
  node: { program: 'examples/replay/dist/main.js' },
  python: { command: 'python3', program: 'examples/python/replay.py' },
}

/** The agent app of a replay. */
export function replayAgent(language: AgentLanguage): AgentPlan {
  const definition = {
    name: 'replay',
    title: 'Replay',
    version: '1.0.0',
    allowUnknownMetadata: true,
    runs: [{ type: 'chat' }],
  }
  return { ...PROGRAMS[language], definitions: [definition] }
}
