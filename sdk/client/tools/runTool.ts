import type { Json, ToolCall, ToolResult } from '@agentview/contracts'
import { timing } from '../timing.ts'
import type { ToolCallContext, ToolDefinition } from './toolHandlers.ts'

/**
 * Runs a handler once: its result, or what went wrong as a result that says so (the agent has to go on in any case). Null
 * when `over` fires first: nobody waits any more.
 */
export async function runTool(
  definition: ToolDefinition,
  call: ToolCall,
  place: { runId: string; sessionId: string },
  over: AbortSignal,
): Promise<ToolResult | null> {
  const { callId, name } = call
  const { timeoutMs = timing.toolTimeout } = definition
  const limit = new AbortController()
  const end = () => limit.abort()
  over.addEventListener('abort', end)
  if (over.aborted) end()
  const timer = setTimeout(end, timeoutMs)
  const context: ToolCallContext = { callId, name, ...place, signal: limit.signal }
  const ended = new Promise<'ended'>((resolve) => {
    if (limit.signal.aborted) resolve('ended')
    limit.signal.addEventListener('abort', () => resolve('ended'))
  })
  try {
    const done = Promise.resolve().then(async () => ({ output: toJson(await definition.run(call.arguments, context)) }))
    const first = await Promise.race([done, ended])
    if (first !== 'ended') return { callId, output: first.output }
    done.catch(() => undefined)
    if (over.aborted) return null
    return failed(callId, `The tool did not answer within ${timeoutMs / 1_000} s.`)
  } catch (error) {
    return over.aborted ? null : failed(callId, error instanceof Error ? error.message : String(error))
  } finally {
    clearTimeout(timer)
    over.removeEventListener('abort', end)
  }
}

export function failed(callId: string, message: string): ToolResult {
  return { callId, output: { message }, isError: true }
}

/** What a handler gave, as JSON; throws for what has none (a cycle, a BigInt). */
function toJson(value: unknown): Json {
  const text = JSON.stringify(value) as string | undefined
  return text === undefined ? null : (JSON.parse(text) as Json)
}
