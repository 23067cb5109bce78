import type { Frame } from './frames.ts'
import type { AgentRequest } from './request.ts'

/** What an agent may want to know beside the request. */
export interface AgentCall {
  /** Fires when nobody reads any more: the run was cancelled, or the connection broke. Pass it on to what is awaited. */
  signal: AbortSignal
}

/**
 * Answers one call: yields text and frames, and returns when all is said. After a `pause` nothing more is asked of it.
 * Throws AgentError for a failure with words of its own.
 */
export type AgentFunction = (request: AgentRequest, call: AgentCall) => AsyncIterable<Frame | string>

export interface Agent {
  answer: AgentFunction
  version?: string
}

/**
 * An agent, to be served by `toNodeHandler` or `toFetchHandler`. `version` is reported with each answer; one with another
 * major than the run's fails the run.
 *
 * @example
 * const echo = defineAgent(async function* ({ input }) {
 *   yield 'You said: '
 *   yield `${input.content}`
 * })
 */
export function defineAgent(answer: AgentFunction, options: { version?: string } = {}): Agent {
  return { answer, ...options }
}
