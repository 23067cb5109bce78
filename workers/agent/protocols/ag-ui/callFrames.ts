import { isDeepStrictEqual } from 'node:util'
import type { AgentFrame, AgentRequest } from '@shared/contracts/agentApi'
import { type Json, type JsonObject, findJsonFault } from '@shared/domain/json'
import { tunables } from '@shared/domain/tunables'
import { invalidOutput } from '../../agentFailure.ts'
import { type WrittenCall, itemFrame, parsedArguments } from '../toolCalls.ts'

/** Tool calls of an answer. A call is an item from its start; its arguments stand in it once they are whole. */
export interface CallFrames {
  start(id: string, name: string, more: JsonObject): AgentFrame[]
  args(id: string, delta: string): AgentFrame[]
  end(id: string): AgentFrame[]
  /** One that comes in one piece. */
  whole(call: WrittenCall, more: JsonObject): AgentFrame[]
  result(id: string, result: Json, more: JsonObject): AgentFrame[]
  has(id: string): boolean
  isAnswered(id: string): boolean
  /** Those without a result, as they came. */
  unanswered(): WrittenCall[]
}

interface Call extends WrittenCall {
  more: JsonObject
  isStreaming: boolean
  isAnswered: boolean
}

/**
 * One for an answer. Some agents tell again what they have called before a pause: it isn't called again when it is the same,
 * and when it had an answer then it has one. A call that is begun anew goes on, and is told anew once it has changed.
 */
export function callFrames({ runItems, toolResults }: Pick<AgentRequest, 'runItems' | 'toolResults'>): CallFrames {
  const calls = new Map<string, Call>()
  const told = new Map(runItems.filter(({ type }) => type === 'tool_call').map((item) => [item['callId'], item]))
  const results = [...runItems.filter(({ type }) => type === 'tool_result'), ...toolResults]
  const answered = new Set<Json | undefined>(results.map(({ callId }) => callId))

  function add({ id, name, arguments: text }: WrittenCall, more: JsonObject): Call {
    const call = { id, name, arguments: text, more, isStreaming: false, isAnswered: false }
    calls.set(id, call)
    return call
  }

  function tell(call: Call): AgentFrame[] {
    const { id, isStreaming } = call
    const item = itemOf(call)
    const before = told.get(id)
    const isSame = before?.['name'] === item['name'] && isDeepStrictEqual(before?.['arguments'], item['arguments'])
    call.isStreaming = false
    if (isSame) {
      call.isAnswered ||= answered.has(id)
      return []
    }
    told.set(id, item)
    return [isStreaming ? { name: 'item.done', data: { id: keyOf(id), item } } : itemFrame(item)]
  }

  return {
    start(id, name, more) {
      if (calls.has(id)) return []
      const call = add({ id, name, arguments: '' }, more)
      if (told.has(id)) return []
      call.isStreaming = true
      return [{ name: 'item.start', data: { id: keyOf(id), item: { type: 'tool_call', callId: id, name, ...more } } }]
    },
    args(id, delta) {
      calls.get(id)!.arguments += delta
      return []
    },
    end: (id) => tell(calls.get(id)!),
    whole: (call, more) => tell(add(call, more)),
    result(id, result, more) {
      const call = calls.get(id)
      if (call) call.isAnswered = true
      else answered.add(id)
      return [itemFrame({ type: 'tool_result', callId: id, ...more, result })]
    },
    has: (id) => calls.has(id),
    isAnswered: (id) => calls.get(id)?.isAnswered ?? answered.has(id),
    unanswered: () => [...calls.values()].filter((call) => !call.isAnswered),
  }
}

function keyOf(id: string): string {
  return `call ${id}`
}

/** What is no JSON, or can't be stored as such, stands there as it was written: whoever carries the call out judges it. */
function itemOf({ id, name, more, arguments: text }: Call): JsonObject {
  const given = parsedArguments(text)
  const isText = given === undefined || typeof given === 'string' || findJsonFault(given, tunables.jsonDepth - 2)
  const fault = isText ? findJsonFault(text, 1) : null
  if (fault) throw invalidOutput(`The agent called a tool with arguments that ${fault.message}.`)
  return { type: 'tool_call', callId: id, name, ...more, arguments: isText ? text : given }
}
