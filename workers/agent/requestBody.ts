import type { AgentDefinition } from '@shared/domain/agents'
import { type RequestParts, buildRequest, writeRequest } from './buildRequest.ts'
import { agUiCall } from './protocols/ag-ui/agUiCall.ts'
import { openAiCall } from './protocols/openai/openAiCall.ts'

/** The body of a call to an agent app, in the protocol that it speaks; `runNo` is the run's. */
export function requestBody(
  { protocol, policy, openai, agUi }: AgentDefinition,
  parts: RequestParts,
  runNo: number,
): string {
  if (openai) return openAiCall(buildRequest(parts, policy.history), openai).body
  if (protocol === 'ag-ui') return agUiCall(parts, policy.history, runNo, agUi ?? {}).body
  return writeRequest(parts, policy.history)
}
