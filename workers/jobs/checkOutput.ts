import { findItemFault } from '@shared/contracts/checkItems'
import type { AgentDefinition } from '@shared/domain/agents'
import type { Item } from '@shared/domain/objects'
import { invalidOutput } from '@workers/agent/agentFailure'

/** Throws `invalid_output` when the items of a run don't fit its agent's schemas. */
export function checkOutput(definition: AgentDefinition, runType: string, items: readonly Item[]): void {
  const fault = findItemFault(definition, runType, items)
  if (!fault) return
  throw invalidOutput(
    `Item ${fault.index + 1} of the agent app does not fit the schema of this agent.`,
    fault.details.map(({ path, message }) => ({ path, message })),
  )
}
