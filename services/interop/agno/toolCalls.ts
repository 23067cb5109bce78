import { type Json, type JsonObject, isObject } from '@shared/domain/json'
import type { ToolCall } from '@shared/domain/objects'
import { textOf } from '../itemWords.ts'

/** A tool call as Agno's clients know it; `result` is null while somebody outside has to give it. */
export interface AgnoTool {
  role: 'tool'
  content: string | null
  result: Json
  tool_call_id: string
  tool_name: string
  tool_args: Json
  tool_call_error: boolean
  metrics: { time: number }
  created_at: number
  external_execution?: true
  external_execution_required?: true
}

const TOOL = { role: 'tool', content: null, result: null, tool_call_error: false, metrics: { time: 0 } } as const

/** A call that a paused run waits for. */
export function awaitedTool({ callId, name, arguments: given }: ToolCall, at: string): AgnoTool {
  const tool = { ...TOOL, tool_call_id: callId, tool_name: name, tool_args: given, created_at: secondsOf(at) }
  return { ...tool, external_execution: true, external_execution_required: true }
}

/** What an item of the type `tool_call` says; null: it is another item. */
export function calledTool(data: JsonObject, at: string): AgnoTool | null {
  const { type, callId, name, arguments: given = {} } = data
  if (type !== 'tool_call' || typeof callId !== 'string' || typeof name !== 'string') return null
  return { ...TOOL, tool_call_id: callId, tool_name: name, tool_args: given, created_at: secondsOf(at) }
}

/** The call to which an item of the type `tool_result` belongs, with its result; null: it is another item, or of no call. */
export function answeredTool(data: JsonObject, calls: readonly AgnoTool[]): AgnoTool | null {
  if (data['type'] !== 'tool_result') return null
  const call = calls.findLast((tool) => tool.tool_call_id === data['callId'])
  if (!call) return null
  const { result = null, isError } = data
  return { ...call, result, content: textOf(result), tool_call_error: isError === true }
}

/** Agno's streams have unix seconds. */
export function secondsOf(at: string): number {
  return Math.floor(Date.parse(at) / 1_000)
}

/** State as Agno's clients take it. */
export function stateOf(state: Json): JsonObject | null {
  return isObject(state) ? state : null
}
