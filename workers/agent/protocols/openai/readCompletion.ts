import type { AgentFrame, AgentRequest } from '@shared/contracts/agentApi'
import type { Completion, CompletionPart } from '@shared/contracts/chatCompletions'
import { invalidOutput } from '../../agentFailure.ts'
import { type WrittenCall, itemFrame, pauseFrame, readCalls } from '../toolCalls.ts'
import { toolResultItem } from '../toolItems.ts'
import { parseCompletion } from './parseCompletion.ts'

/** The frames of one answer of a Chat Completions endpoint. */
export interface CompletionReader {
  /** `data` of one server-sent event. */
  event(data: string): AgentFrame[]
  /** An answer in one piece, by endpoints that do not stream. */
  whole(text: string): AgentFrame[]
}

/**
 * Words become text as they come; tool calls, once they are whole, items and a pause: whoever takes part in the
 * conversation answers them. Pure, one reader an answer.
 */
export function completionReader({ toolResults }: Pick<AgentRequest, 'toolResults'>): CompletionReader {
  // What was answered to the calls of the last pause belongs to the history, before all that comes of it.
  let before = toolResults.map((result) => itemFrame(toolResultItem(result)))
  const calls: WrittenCall[] = []
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
    const toolCalls = readCalls(calls)
    const pause = pauseFrame(toolCalls)
    return [...toolCalls.map((call) => itemFrame({ type: 'tool_call', ...call })), ...usage, pause]
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

function usageFrame(tokens: NonNullable<Completion['usage']>, model: Completion['model']): AgentFrame {
  const { prompt_tokens: inputTokens, completion_tokens: outputTokens } = tokens
  return {
    name: 'usage',
    data: {
      ...(typeof inputTokens === 'number' && { inputTokens }),
      ...(typeof outputTokens === 'number' && { outputTokens }),
      ...(typeof model === 'string' && { model: model.slice(0, 200).toWellFormed() }),
    },
  }
}
