import { Type } from 'typebox'
import { type Check, checkOf } from '@shared/contracts/validate'
import { AgentViewError } from '@shared/domain/errors'
import type { Json } from '@shared/domain/json'
import type { ResumeRun } from '@shared/contracts/messages'

interface GivenTool {
  tool_call_id: string
  result?: Json
  tool_call_error?: boolean | null
  confirmed?: boolean | null
}

const checkTools: Check<GivenTool[]> = checkOf(
  Type.Unsafe<GivenTool[]>(
    Type.Array(
      Type.Object({
        tool_call_id: Type.String({ minLength: 1, maxLength: 200 }),
        result: Type.Optional(Type.Unknown()),
        tool_call_error: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
        confirmed: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
      }),
      { maxItems: 100 },
    ),
  ),
)

/** The field `tools` of a continued run: the calls of the pause as the client got them, with results or decisions. */
export function answersIn(text: string, pauseId: string): ResumeRun {
  const tools = checkTools(parsed(text))
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
