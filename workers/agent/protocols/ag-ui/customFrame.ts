import type { AgentFrame } from '@shared/contracts/agentApi'
import type { Json } from '@shared/domain/json'

/** What is no part of the conversation, for those who look at the run live. */
export function custom(name: string, data: Json): AgentFrame {
  return { name: 'custom', data: { name, data } }
}

/** What the protocol has its readers pass over and tell the agent's author. */
export function warning(message: string): AgentFrame {
  return custom('ag-ui.warning', { message: message.slice(0, WARNING_CHARACTERS).toWellFormed() })
}

const WARNING_CHARACTERS = 500
