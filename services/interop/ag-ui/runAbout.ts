import type { ClientMessage } from '@shared/contracts/agUi'
import type { Json } from '@shared/domain/json'
import type { Item, Run } from '@shared/domain/objects'
import { wordsOf } from '../itemWords.ts'
import { type AgUiMessage, callIn, thoughtOf } from './messages.ts'

/** One event of AG-UI's. */
export interface AgUiEvent {
  type: string
  [member: string]: unknown
}

/** A run of ours as one that a client has asked for. */
export interface RunAbout {
  threadId: string
  /** What the client calls this run. */
  clientRunId: string
  runId: string
  sessionId: string
  /** What the client shows when the stream begins. */
  base: readonly (AgUiMessage | ClientMessage)[]
  /** What the run had made by then, which isn't told again. */
  before: readonly Item[]
  /** How often it had been resumed by then. */
  leg: number
  /** What the client has answered, by call. */
  answers: ReadonlyMap<string, { messageId: string; content: string }>
}

/** An output that clients can't show as a message is the run's result. */
export function resultOf(items: readonly Item[]): { result?: Json } {
  const output = items.findLast(({ kind }) => kind === 'output')?.data
  if (!output || wordsOf(output) !== null || thoughtOf(output) !== null || callIn(output)) return {}
  return { result: output }
}

export function usageOf({ usage }: Run): { usage?: object[] } {
  if (!usage) return {}
  const { model, inputTokens, outputTokens } = usage
  const tokens = {
    ...(inputTokens !== undefined && { inputTokens }),
    ...(outputTokens !== undefined && { outputTokens }),
  }
  return { usage: [{ ...(model !== undefined && { model }), ...tokens }] }
}
