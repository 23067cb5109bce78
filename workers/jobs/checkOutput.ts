import { findItemFault } from '@shared/contracts/checkItems'
import { findMetadataFault } from '@shared/contracts/sessionMetadata'
import type { AgentDefinition } from '@shared/domain/agents'
import type { ErrorDetail } from '@shared/domain/errors'
import type { Json, JsonObject } from '@shared/domain/json'
import type { Item } from '@shared/domain/objects'
import { invalidOutput } from '@workers/agent/agentFailure'

/** Throws `invalid_output` when the items of a run don't fit its agent's schemas. */
export function checkOutput(definition: AgentDefinition, runType: string, items: readonly Item[]): void {
  const fault = findItemFault(definition, runType, items)
  if (!fault) return
  throw invalidOutput(
    `Item ${fault.index + 1} of the agent app does not fit the schema of this agent.`,
    fault.details.map(plain),
  )
}

/** Throws `invalid_output` when an agent app sets metadata that its session may not have. */
export function checkMetadata(definition: AgentDefinition, before: JsonObject, change: JsonObject): void {
  const fault = findMetadataFault(definition, before, change)
  if (fault) throw invalidOutput('The agent app sent metadata that its session may not have.', fault.map(plain))
}

function plain({ path, message }: ErrorDetail): Json {
  return { path, message }
}
