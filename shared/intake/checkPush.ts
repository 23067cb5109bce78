import { findItemFault } from '@shared/contracts/checkItems'
import type { PushRun } from '@shared/contracts/messages'
import type { AgentDefinition } from '@shared/domain/agents'
import { AgentViewError } from '@shared/domain/errors'
import type { JsonObject } from '@shared/domain/json'
import type { ItemKind, RunError } from '@shared/domain/objects'
import { tunables } from '@shared/domain/tunables'
import type { Push, PushedEnd } from '@shared/store/externalRuns'
import { refuseLarge } from './input.ts'

/** How a push ends its run; null when the run goes on. */
export function endOf({ status, error }: Pick<PushRun, 'status' | 'error'>): PushedEnd | null {
  if (error && status !== 'failed')
    throw new AgentViewError('invalid_request', 'An error goes with status "failed" only.')
  if (status === undefined || status === 'running') return null
  const failure: RunError = error ?? { code: 'agent_error', message: 'The agent app ended the run as failed.' }
  return { status, ...(status === 'failed' && { error: failure }) }
}

/** What a push adds, checked by the agent's schemas and the caps; the last item of a completed run is its output. */
export function checkedPush(
  definition: AgentDefinition,
  runType: string,
  {
    items = [],
    state,
    metadata,
    usage,
  }: Pick<PushRun, 'items' | 'state' | 'usage'> & { metadata?: JsonObject | undefined },
  end: PushedEnd | null,
): Push {
  const last = items.length - 1
  const kindOf = (index: number): ItemKind => (end?.status === 'completed' && index === last ? 'output' : 'step')
  for (const [index, item] of items.entries()) refuseLarge(`/items/${index}`, item, tunables.itemBytes)
  refuseMisfit(
    definition,
    runType,
    items.map((data, index) => ({ kind: kindOf(index), data })),
  )
  if (state !== undefined) refuseLarge('/state', state, tunables.itemBytes)
  return { items, ...(state !== undefined && { state }), ...(metadata && { metadata }), ...(usage && { usage }) }
}

/** Refuses items that the agent's schemas don't allow. */
export function refuseMisfit(
  definition: AgentDefinition,
  runType: string,
  items: { kind: ItemKind; data: JsonObject }[],
): void {
  const fault = findItemFault(definition, runType, items)
  if (!fault) return
  throw new AgentViewError('schema_violation', 'An item does not fit the schema of this agent.', {
    details: fault.details,
  })
}

/** How long a run of this type may be silent, in ms. */
export function idleTimeoutOf({ runs }: AgentDefinition, runType: string): number {
  return runs.find((run) => run.type === runType)?.idleTimeout ?? tunables.externalIdle
}

export function noOutput(): AgentViewError {
  return new AgentViewError('invalid_request', 'A completed run needs an item: the last one is its output.')
}
