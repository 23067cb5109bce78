import type { AgentPolicy } from '@shared/domain/agents'
import type { Json, JsonObject } from '@shared/domain/json'
import type { ToldMemory } from '@shared/domain/memories'
import type { AgentRequest } from '@shared/contracts/agentApi'

/** One item of the session's earlier runs; its data as JSON. */
export interface PastItem {
  runNo: number
  json: string
  incomplete: boolean
  bytes: number
}

export interface RequestParts {
  run: AgentRequest['run']
  session: Omit<AgentRequest['session'], 'state'> & { state: Json }
  inputs: JsonObject[]
  runItems: JsonObject[]
  toolResults: JsonObject[]
  memories: ToldMemory[]
  /** Oldest first; may hold one item more than the policy allows, which tells that there is more. */
  history: readonly PastItem[]
}

/** What the agent app is sent: all that it needs, since it keeps nothing. History is cut to the newest whole runs. */
export function buildRequest(parts: RequestParts, limits: AgentPolicy['history']): AgentRequest {
  const { kept, ...about } = selectParts(parts, limits)
  return { ...about, items: kept.map(({ json }): JsonObject => JSON.parse(json)) }
}

/** The same as JSON: what Postgres has written of the history goes into it as it is. */
export function writeRequest(parts: RequestParts, limits: AgentPolicy['history']): string {
  const { kept, ...about } = selectParts(parts, limits)
  return `{"items":[${kept.map(({ json }) => json).join(',')}],${JSON.stringify(about).slice(1)}`
}

function selectParts(
  { run, session, inputs, runItems, toolResults, memories, history }: RequestParts,
  limits: AgentPolicy['history'],
): Omit<AgentRequest, 'items'> & { kept: PastItem[] } {
  const kept = keepNewestRuns(history, limits)
  const input = inputs.at(-1)
  if (!input) throw new Error('a run begins with an input')
  return {
    kept,
    run,
    session,
    incompleteItems: kept.flatMap((item, index) => (item.incomplete ? [index] : [])),
    ...(kept.length < history.length && { historyTruncated: true as const }),
    input,
    inputs,
    runItems,
    toolResults,
    memories,
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
