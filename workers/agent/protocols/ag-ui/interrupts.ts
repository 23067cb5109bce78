import type { AgentFrame } from '@shared/contracts/agentApi'
import type { Interrupt } from '@shared/contracts/agUi'
import type { Json, JsonObject } from '@shared/domain/json'
import type { ToolCall } from '@shared/domain/objects'
import { itemFrame } from '../toolCalls.ts'
import { textOf, toolResultItem } from '../toolItems.ts'

/** What an agent waits for from outside, as an item and as a call of the pause; its answer goes back by `resume`. */
export function interruptFrames(interrupts: readonly Interrupt[]): { items: AgentFrame[]; toolCalls: ToolCall[] } {
  const plain = interrupts.map(({ id, reason, ...more }) => ({ id, reason, more: plainMembers(more) }))
  return {
    items: plain.map(({ id, reason, more }) => itemFrame({ type: 'interrupt', id, reason, ...more })),
    toolCalls: plain.map(({ id, reason, more }) => {
      return { callId: id, name: reason.slice(0, NAME).toWellFormed() || 'interrupt', arguments: more }
    }),
  }
}

/** Of a call of a pause, in characters. */
const NAME = 200
const MEMBERS = ['message', 'toolCallId', 'responseSchema', 'expiresAt', 'metadata'] as const

/** Without what is absent or null, and without what the protocol may add. */
function plainMembers(more: Omit<Interrupt, 'id' | 'reason'>): JsonObject {
  const members: JsonObject = {}
  for (const name of MEMBERS) {
    const value = more[name]
    if (value !== undefined && value !== null) members[name] = value
  }
  return members
}

/** What a leg was answered, as items of the history: an answer to an interrupt, or the result of a tool call. */
export function answerItems(toolResults: readonly JsonObject[], runItems: readonly JsonObject[]): JsonObject[] {
  return toolResults.map((result) =>
    isInterrupt(result['callId'], runItems)
      ? { type: 'interrupt_answer', ...answerOf(result) }
      : toolResultItem(result),
  )
}

/** What was asked for last by this id counts. */
function isInterrupt(callId: Json | undefined, runItems: readonly JsonObject[]): boolean {
  const asked = runItems.findLast(({ type, id, callId: called }) =>
    type === 'interrupt' ? id === callId : type === 'tool_call' && called === callId,
  )
  return asked?.['type'] === 'interrupt'
}

/** A failed answer says that nobody wants to go on with what was asked. */
function answerOf({ callId, output, isError, ...approval }: JsonObject): JsonObject {
  const id = callId ?? null
  if (isError === true) return { id, status: 'cancelled' }
  return { id, status: 'resolved', payload: output === undefined ? approval : output }
}

/** How `resume` says it. */
export interface ResumeEntry {
  interruptId: string
  status: 'resolved' | 'cancelled'
  payload?: Json
}

export function resumeOf(answers: readonly JsonObject[]): ResumeEntry[] {
  return answers.flatMap(({ type, id, status, payload }): ResumeEntry[] => {
    if (type !== 'interrupt_answer') return []
    const entry: ResumeEntry = { interruptId: textOf(id), status: status === 'resolved' ? 'resolved' : 'cancelled' }
    // Absent is how the protocol says that there is none.
    return [payload === undefined || payload === null ? entry : { ...entry, payload }]
  })
}
