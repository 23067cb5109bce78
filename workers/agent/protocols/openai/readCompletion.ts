import { AGENT_FRAMES, type AgentFrame, type AgentRequest } from '@shared/contracts/agentApi'
import type { Completion, CompletionPart } from '@shared/contracts/chatCompletions'
import { checkOf } from '@shared/contracts/validate'
import { type Json, type JsonObject, findJsonFault } from '@shared/domain/json'
import { tunables } from '@shared/domain/tunables'
import { AgentFailure, invalidOutput } from '../../agentFailure.ts'
import { toolResultItem } from './chatMessages.ts'
import { parseCompletion } from './parseCompletion.ts'

/** The frames of one answer of a Chat Completions endpoint. */
export interface CompletionReader {
  /** `data` of one server-sent event. */
  event(data: string): AgentFrame[]
  /** An answer in one piece, by endpoints that do not stream. */
  whole(text: string): AgentFrame[]
}

interface Call {
  id: string
  name: string
  arguments: string
}

/**
 * Words become text as they come; tool calls, once they are whole, items and a pause: whoever takes part in the
 * conversation answers them. Pure, one reader an answer.
 */
export function completionReader({ toolResults }: Pick<AgentRequest, 'toolResults'>): CompletionReader {
  // What was answered to the calls of the last pause belongs to the history, before all that comes of it.
  let before = toolResults.map((result) => itemFrame(toolResultItem(result)))
  const calls: Call[] = []
  let usage: AgentFrame[] = []
  let spoke = false

  function take({ choices, usage: tokens, model }: Completion, part: 'delta' | 'message'): AgentFrame[] {
    // Endpoints repeat and refine the usage: the last one counts.
    if (tokens) usage = [usageFrame(tokens, model)]
    const said = choices?.[0]?.[part]
    for (const [position, call] of (said?.tool_calls ?? []).entries()) grow(call, call.index ?? position)
    const delta = (said?.content ?? '') + (said?.refusal ?? '')
    if (delta === '') return []
    spoke = true
    return [{ name: 'text', data: { delta } }]
  }

  function grow({ id, function: part }: NonNullable<CompletionPart['tool_calls']>[number], index: number): void {
    if (index > calls.length) throw invalidOutput('The endpoint left out a tool call.')
    const call = (calls[index] ??= { id: '', name: '', arguments: '' })
    call.id ||= id ?? ''
    call.name ||= part?.name ?? ''
    call.arguments += part?.arguments ?? ''
  }

  function end(): AgentFrame[] {
    if (calls.length === 0) {
      const silence: AgentFrame[] = spoke ? [] : [{ name: 'text', data: { delta: '' } }]
      return [...silence, ...usage, { name: 'done', data: {} }]
    }
    const toolCalls = soundCalls(calls)
    const items = toolCalls.map((call): AgentFrame => ({
      name: 'item',
      data: { item: { type: 'tool_call', ...call } },
    }))
    return [...items, ...usage, { name: 'pause', data: { toolCalls } }]
  }

  function withBefore(frames: AgentFrame[]): AgentFrame[] {
    const all = [...before, ...frames]
    before = []
    return all
  }

  return {
    event: (data) => withBefore(data.trim() === '[DONE]' ? end() : take(parseCompletion(data), 'delta')),
    whole: (text) => withBefore([...take(parseCompletion(text), 'message'), ...end()]),
  }
}

function itemFrame(item: JsonObject): AgentFrame {
  return { name: 'item', data: { item } }
}

const checkPause = checkOf(AGENT_FRAMES.pause)

/** As our own frames are checked where they are read. Some endpoints give calls no id. */
function soundCalls(calls: readonly Call[]) {
  const checked = checkPause({
    toolCalls: calls.map(({ id, name, arguments: text }, index) => {
      return { callId: id || `call_${index + 1}`, name, arguments: argumentsOf(text) }
    }),
  })
  if (!checked.ok)
    throw invalidOutput(
      'The endpoint called tools in a way that is not valid.',
      checked.details.map(({ path, message }) => ({ path, message })),
    )
  const { toolCalls } = checked.value
  const fault = findJsonFault(toolCalls, tunables.jsonDepth)
  if (fault)
    throw invalidOutput(
      `The model called a tool with arguments that can't be stored: "${fault.path}" ${fault.message}.`,
    )
  return toolCalls
}

function usageFrame(tokens: NonNullable<Completion['usage']>, model: Completion['model']): AgentFrame {
  const { prompt_tokens: inputTokens, completion_tokens: outputTokens } = tokens
  return {
    name: 'usage',
    data: {
      ...(typeof inputTokens === 'number' && { inputTokens }),
      ...(typeof outputTokens === 'number' && { outputTokens }),
      ...(typeof model === 'string' && { model: model.slice(0, 200) }),
    },
  }
}

/** Models write arguments themselves, and sometimes wrongly: another attempt may do better. */
function argumentsOf(text: string): Json {
  try {
    return text === '' ? {} : JSON.parse(text)
  } catch {
    throw new AgentFailure('invalid_tool_call', 'The model called a tool with arguments that are not JSON.', {
      retryable: true,
    })
  }
}
