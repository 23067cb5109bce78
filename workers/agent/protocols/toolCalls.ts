import { AGENT_FRAMES, type AgentFrame } from '@shared/contracts/agentApi'
import { checkOf } from '@shared/contracts/validate'
import { type Json, type JsonObject, findJsonFault } from '@shared/domain/json'
import type { ToolCall } from '@shared/domain/objects'
import { tunables } from '@shared/domain/tunables'
import { AgentFailure, invalidOutput } from '../agentFailure.ts'

/** A tool call as a model writes it. */
export interface WrittenCall {
  id: string
  name: string
  /** JSON, or what the model takes for it. */
  arguments: string
}

/** A whole item. */
export function itemFrame(item: JsonObject): AgentFrame {
  return { name: 'item', data: { item } }
}

/** Throws AgentFailure when a call's arguments are none. Some endpoints give calls no id. */
export function readCalls(calls: readonly WrittenCall[]): ToolCall[] {
  return calls.map(({ id, name, arguments: text }, index) => {
    return { callId: id || `call_${index + 1}`, name, arguments: argumentsOf(text) }
  })
}

const checkPause = checkOf(AGENT_FRAMES.pause)

/** The frame `pause`, checked as our own frames are where they are read. */
export function pauseFrame(toolCalls: ToolCall[]): AgentFrame {
  const checked = checkPause({ toolCalls })
  if (checked.ok) return { name: 'pause', data: { toolCalls } }
  throw invalidOutput(
    'The agent app called tools in a way that is not valid.',
    checked.details.map(({ path, message }) => ({ path, message })),
  )
}

/** Models write arguments themselves, and sometimes wrongly: another attempt may do better. */
function argumentsOf(text: string): Json {
  const given = parsedArguments(text)
  if (given === undefined)
    throw new AgentFailure('invalid_tool_call', 'The model called a tool with arguments that are not JSON.', {
      retryable: true,
    })
  // They stand two levels deeper in a pause.
  const fault = findJsonFault(given, tunables.jsonDepth - 2)
  if (!fault) return given
  const what = `The model called a tool with arguments that can't be stored: "${fault.path}" ${fault.message}.`
  throw invalidOutput(what)
}

/** Undefined when it is no JSON. */
export function parsedArguments(text: string): Json | undefined {
  try {
    return text === '' ? {} : JSON.parse(text)
  } catch {
    return undefined
  }
}
