import type { Json, JsonObject } from '@agentview/agent'
import type { ModelMessage } from 'ai'

/**
 * The session's items as messages of a model. A call goes along with its result only: models refuse one that was never
 * answered, as in a run that was cut short. Items that are nothing to a model are left out.
 */
export function messagesOf(items: readonly JsonObject[]): ModelMessage[] {
  const results = new Map<Json | undefined, JsonObject>()
  for (const item of items) if (item.type === 'tool_result') results.set(item.callId, item)
  return items.flatMap((item) => {
    if (item.type === 'message') return messageOf(item)
    const result = item.type === 'tool_call' ? results.get(item.callId) : undefined
    return result ? callOf(item, result) : []
  })
}

function messageOf({ role, content }: JsonObject): ModelMessage[] {
  if (typeof content !== 'string' || content === '') return []
  return role === 'user' || role === 'assistant' ? [{ role, content }] : []
}

function callOf(call: JsonObject, { result = null, isError }: JsonObject): ModelMessage[] {
  const { callId: toolCallId, name: toolName, arguments: input } = call
  if (typeof toolCallId !== 'string' || typeof toolName !== 'string') return []
  const output = { type: isError === true ? ('error-json' as const) : ('json' as const), value: result }
  return [
    { role: 'assistant', content: [{ type: 'tool-call', toolCallId, toolName, input }] },
    { role: 'tool', content: [{ type: 'tool-result', toolCallId, toolName, output }] },
  ]
}
