import type { AgentRequest } from '@shared/contracts/agentApi'
import type { Json, JsonObject } from '@shared/domain/json'
import { answersIn, textOf, toolResultItem } from '../toolItems.ts'

interface ChatToolCall {
  id: string
  type: 'function'
  function: { name: string; arguments: string }
}

/** As Chat Completions has them (https://platform.openai.com/docs/api-reference/chat/create). */
export type ChatMessage =
  | { role: 'system' | 'assistant'; content: string }
  | { role: 'user'; content: string | Json[] }
  | { role: 'assistant'; content: null; tool_calls: ChatToolCall[] }
  | { role: 'tool'; tool_call_id: string; content: string }

/**
 * The conversation as messages: history, what began this run, what it has made before its pauses, and what was answered.
 * Calls in a row are one message; a call goes along with its result only, since endpoints refuse one that was never
 * answered. An item of another kind is told as a user's, in JSON.
 */
export function chatMessages(request: AgentRequest, system: string | undefined): ChatMessage[] {
  const { items, inputs, runItems, toolResults } = request
  const all = [...items, ...inputs, ...runItems, ...toolResults.map(toolResultItem)]
  const answers = answersIn(all)
  const messages: ChatMessage[] = system === undefined ? [] : [{ role: 'system', content: system }]
  let calls: JsonObject[] = []
  for (const item of all) {
    if (item['type'] === 'tool_call') {
      if (answers.has(item)) calls.push(item)
      continue
    }
    messages.push(...callMessages(calls, answers))
    calls = []
    messages.push(...messageOf(item))
  }
  return [...messages, ...callMessages(calls, answers)]
}

function callMessages(calls: readonly JsonObject[], answers: ReadonlyMap<JsonObject, Json>): ChatMessage[] {
  if (calls.length === 0) return []
  const tool_calls = calls.map(({ callId, name, arguments: given }): ChatToolCall => {
    const called = { name: textOf(name), arguments: JSON.stringify(given ?? {}) }
    return { id: textOf(callId), type: 'function', function: called }
  })
  const results = calls.map((call): ChatMessage => {
    return { role: 'tool', tool_call_id: textOf(call['callId']), content: textOf(answers.get(call)) }
  })
  return [{ role: 'assistant', content: null, tool_calls }, ...results]
}

function messageOf(item: JsonObject): ChatMessage[] {
  if (item['type'] === 'tool_result') return []
  if (item['type'] !== 'message') return [{ role: 'user', content: JSON.stringify(item) }]
  const { role, content } = item
  if (role === 'assistant' || role === 'system') return [{ role, content: textOf(content) }]
  return [{ role: 'user', content: Array.isArray(content) ? content : textOf(content) }]
}
