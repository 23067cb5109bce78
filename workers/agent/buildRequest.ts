import type { AgentPolicy } from '@shared/domain/agents'
import type { Json, JsonObject } from '@shared/domain/json'
import type { AgentRequest } from '@shared/contracts/agentApi'

/** One item of the session's earlier runs. */
export interface PastItem {
  runNo: number
  data: JsonObject
  incomplete: boolean
  bytes: number
}

export interface RequestParts {
  run: AgentRequest['run']
  session: Omit<AgentRequest['session'], 'state'> & { state: Json }
  inputs: JsonObject[]
  runItems: JsonObject[]
  toolResults: JsonObject[]
  /** Oldest first; may hold one item more than the policy allows, which tells that there is more. */
  history: readonly PastItem[]
}

/** What the agent app is sent: all that it needs, since it keeps nothing. History is cut to the newest whole runs. */
export function buildRequest(parts: RequestParts, limits: AgentPolicy['history']): AgentRequest {
  const kept = keepNewestRuns(parts.history, limits)
  const input = parts.inputs.at(-1)
  if (!input) throw new Error('a run begins with an input')
  return {
    run: parts.run,
    session: parts.session,
    items: kept.map((item) => item.data),
    incompleteItems: kept.flatMap((item, index) => (item.incomplete ? [index] : [])),
    ...(kept.length < parts.history.length && { historyTruncated: true as const }),
    input,
    inputs: parts.inputs,
    runItems: parts.runItems,
    toolResults: parts.toolResults,
    memories: [],
  }
}

/** Whether the newest items tell all that an agent app is sent: they are all there are, or already more than it may get. */
export function tellEnough(
  { items, whole }: { items: readonly PastItem[]; whole: boolean },
  { maxItems, maxBytes }: AgentPolicy['history'],
): boolean {
  return whole || items.length > maxItems || items.reduce((sum, { bytes }) => sum + bytes, 0) > maxBytes
}

/** The newest whole runs within both limits; a run that doesn't fit is left out with all that came before it. */
export function keepNewestRuns(history: readonly PastItem[], limits: AgentPolicy['history']): PastItem[] {
  let from = history.length
  let items = 0
  let bytes = 0
  for (let end = history.length; end > 0;) {
    const runNo = history[end - 1]!.runNo
    const start = history.findLastIndex((item, index) => index < end && item.runNo !== runNo) + 1
    for (const item of history.slice(start, end)) bytes += item.bytes
    items += end - start
    if (items > limits.maxItems || bytes > limits.maxBytes) break
    from = start
    end = start
  }
  return history.slice(from)
}
