import type { Json } from '@agentview/contracts'

/** One call of a tool, from the handler's side. */
export interface ToolCallContext {
  readonly callId: string
  readonly name: string
  readonly runId: string
  readonly sessionId: string
  /** Fires when nobody waits for the result any more: the time is up, or the run went on or ended without it. */
  readonly signal: AbortSignal
}

/** Does what a tool of the front end does; what it gives is JSON and goes to the agent, what it throws as an error. */
export type ToolHandler = (args: Json, context: ToolCallContext) => unknown

export interface ToolDefinition {
  run: ToolHandler
  /** Wait for `approveCall` before it runs; a function decides it by the arguments. */
  approval?: boolean | ((args: Json) => boolean)
  /** How long it may take, in ms; two minutes unless said. */
  timeoutMs?: number
}

/** By the tool's name. */
export type ToolHandlers = Readonly<Record<string, ToolHandler | ToolDefinition>>

export function definitionOf(handlers: ToolHandlers, name: string): ToolDefinition | null {
  // Names come from agents: "constructor" is no handler.
  const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined
  if (!handler) return null
  return typeof handler === 'function' ? { run: handler } : handler
}

export function wantsApproval({ approval = false }: ToolDefinition, args: Json): boolean {
  return typeof approval === 'function' ? approval(args) : approval
}
