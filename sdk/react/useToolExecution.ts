import { useEffect, useMemo, useRef } from 'react'
import type { Json, PendingCall, ToolCallContext, ToolDefinition, ToolHandlers } from '@agentview/client'
import { useAgentViewClient } from './useAgentViewClient.ts'
import { useClientState } from './useClientState.ts'

export interface ToolExecution {
  /** What the paused run waits for, and how far each call is. */
  readonly calls: readonly PendingCall[]
  /** Answer a call that waits for approval; promises reject with ClientError. */
  approve(callId: string): Promise<void>
  reject(callId: string, reason?: string): Promise<void>
}

const NONE: readonly PendingCall[] = []

/**
 * Carries out tools of the page, by name, as long as the component is there. `handlers` may be made anew with each render:
 * a call is carried out by the newest ones, and none is carried out twice for that. A client has one set of tools, so use it
 * in one component of a provider.
 */
export function useToolExecution(handlers: ToolHandlers): ToolExecution {
  const client = useAgentViewClient()
  const newest = useRef(handlers)
  useEffect(() => {
    newest.current = handlers
  })
  // Names and times are all that a client has to know beforehand.
  const known = JSON.stringify(Object.keys(handlers).map((name) => [name, timeoutOf(handlers[name])]))
  useEffect(() => {
    const tools = (JSON.parse(known) as [string, number | null][]).map(
      ([name, timeoutMs]) => [name, lateBound(() => newest.current, name, timeoutMs)] as const,
    )
    client.setTools(Object.fromEntries(tools))
    return () => client.setTools({})
  }, [client, known])
  const calls = useClientState(({ pause }) => pause?.calls ?? NONE)
  const acts = useMemo(
    () => ({
      approve: (callId: string) => client.approveCall(callId),
      reject: (callId: string, reason?: string) => client.rejectCall(callId, reason),
    }),
    [client],
  )
  return { calls, ...acts }
}

function timeoutOf(handler: ToolHandlers[string] | undefined): number | null {
  return typeof handler === 'object' ? (handler.timeoutMs ?? null) : null
}

/** A tool that is what `handlers()` says of it at the moment of the call. */
function lateBound(handlers: () => ToolHandlers, name: string, timeoutMs: number | null): ToolDefinition {
  const definition = (): ToolDefinition => {
    const handler = handlers()[name]
    if (handler === undefined) throw new Error(`The page has no tool "${name}" any more.`)
    return typeof handler === 'function' ? { run: handler } : handler
  }
  return {
    run: (args: Json, context: ToolCallContext) => definition().run(args, context),
    approval(args: Json) {
      const { approval = false } = definition()
      return typeof approval === 'function' ? approval(args) : approval
    },
    ...(timeoutMs !== null && { timeoutMs }),
  }
}
