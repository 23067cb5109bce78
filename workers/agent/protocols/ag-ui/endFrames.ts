import type { AgentFrame } from '@shared/contracts/agentApi'
import type { AgUiEvent, TokenUsage } from '@shared/contracts/agUi'
import type { Json, JsonObject } from '@shared/domain/json'
import { AGENT_CANCELLED, invalidOutput } from '../../agentFailure.ts'
import { type WrittenCall, itemFrame, pauseFrame, readCalls } from '../toolCalls.ts'
import type { CallFrames } from './callFrames.ts'
import { custom } from './customFrame.ts'
import { interruptFrames } from './interrupts.ts'

/** What is known of a run when it ends. */
interface Made {
  calls: CallFrames
  /** Names of the tools that the agent was given. */
  declared: ReadonlySet<string>
  /** Whether it has made any item. */
  hasMade: boolean
}

/** How a run ends: with its output, or with a pause for calls of the front end and interrupts. */
export function endFrames({ outcome, result }: AgUiEvent & { type: 'RUN_FINISHED' }, made: Made): AgentFrame[] {
  if (outcome?.type === 'cancelled') return [CANCELLED]
  const interrupts = outcome?.type === 'interrupt' ? (outcome.interrupts ?? []) : []
  if (outcome?.type === 'interrupt' && interrupts.length === 0)
    throw invalidOutput('The agent was interrupted, and did not say by what.')
  const asked = interruptFrames(interrupts)
  const concerned = new Set(interrupts.map(({ toolCallId }) => toolCallId))
  const pending = pendingCalls(outcome?.pendingToolCallIds ?? [], made).filter(({ id }) => !concerned.has(id))
  const toolCalls = [...asked.toolCalls, ...readCalls(pending)]
  if (toolCalls.length > 0) return [...asked.items, pauseFrame(toolCalls)]
  return [...resultFrames(result ?? null, made.hasMade), { name: 'done', data: {} }]
}

const CANCELLED: AgentFrame = {
  name: 'error',
  data: { code: AGENT_CANCELLED, message: 'The agent was stopped before it was done.', retryable: false },
}

/** The calls that the agent says wait for the front end; if it doesn't say, the open ones of tools that it was given. */
function pendingCalls(named: readonly string[], { calls, declared }: Made): WrittenCall[] {
  const ids = new Set(named)
  return calls.unanswered().filter(({ id, name }) => (ids.size > 0 ? ids.has(id) : declared.has(name)))
}

/** A run's return value is its output when it has said nothing else. */
function resultFrames(result: Json, hasMade: boolean): AgentFrame[] {
  if (hasMade) return result === null ? [] : [custom('ag-ui.result', result)]
  return result === null ? [{ name: 'text', data: { delta: '' } }] : [itemFrame({ type: 'result', result })]
}

/** An agent may say tool results and reasoning behind its last words: these are the output nevertheless. */
export function isAnswer({ type, role, content, subagentRunId }: JsonObject): boolean {
  return type === 'message' && role === 'assistant' && content !== '' && subagentRunId === undefined
}

/** The sum of what was told; nothing where nothing was. */
export function usageFrames(usage: readonly TokenUsage[]): AgentFrame[] {
  const sum = (name: 'inputTokens' | 'outputTokens') => {
    const told = usage.flatMap((one) => one[name] ?? [])
    return told.length > 0 && { [name]: told.reduce((total, tokens) => total + tokens, 0) }
  }
  const model = usage.find((one) => typeof one.model === 'string')?.model
  if (usage.length === 0) return []
  const about = typeof model === 'string' && { model: model.slice(0, 200).toWellFormed() }
  return [{ name: 'usage', data: { ...sum('inputTokens'), ...sum('outputTokens'), ...about } }]
}
