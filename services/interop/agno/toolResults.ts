import { AgnoTools } from '@shared/contracts/agno'
import type { ResumeRun } from '@shared/contracts/messages'
import { checkOf } from '@shared/contracts/validate'
import { AgentViewError } from '@shared/domain/errors'
import { findJsonFault } from '@shared/domain/json'
import { tunables } from '@shared/domain/tunables'

const checkTools = checkOf(AgnoTools)

/** The field `tools` of a continued run: the calls of the pause as the client got them, with results or decisions. */
export function answersIn(text: string, pauseId: string): ResumeRun {
  const value = parsed(text)
  const fault = findJsonFault(value, tunables.jsonDepth)
  if (fault) throw invalid('"tools" can\'t be stored.', [fault])
  const tools = checkTools(value)
  if (!tools.ok) throw invalid('"tools" is not a list of tool calls.', tools.details)
  const decided = tools.value.filter(({ confirmed }) => typeof confirmed === 'boolean')
  const executed = tools.value.filter(({ confirmed }) => typeof confirmed !== 'boolean')
  return {
    pauseId,
    toolResults: executed.map(({ tool_call_id: callId, result = null, tool_call_error: isError }) => {
      return { callId, output: result, ...(isError === true && { isError }) }
    }),
    approvals: decided.map(({ tool_call_id: callId, confirmed }) => ({ callId, approved: confirmed === true })),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid('"tools" is not JSON.')
  }
}

function invalid(message: string, details?: { path: string; message: string }[]): AgentViewError {
  return new AgentViewError('invalid_request', message, details ? { details } : {})
}
