import type { JsonObject } from '@shared/domain/json'
import type { Item, Run } from '@shared/domain/objects'
import { fits } from './fits.ts'
import type { AgentConfig, DisplayConfig, RunTypeConfig, StudioConfig } from './types.ts'

export function findAgent(config: StudioConfig, name: string): AgentConfig | undefined {
  return config.agents.find((agent) => agent.name === name)
}

export function findRunType(agent: AgentConfig | undefined, run: Run | undefined): RunTypeConfig | undefined {
  return agent?.runs.find(({ type }) => type === run?.type)
}

/** The component that the config gives for an item: by its place in the run, and for a step by the schema that it fits. */
export function findDisplay(runType: RunTypeConfig | undefined, item: Item): DisplayConfig['displayComponent'] {
  if (!runType) return undefined
  if (item.kind === 'input') return runType.input?.displayComponent
  if (item.kind === 'output' && runType.output?.displayComponent) return runType.output.displayComponent
  return stepOf(runType, item.data)?.displayComponent
}

/** The first step, or result of a step, whose schema the item fits. */
function stepOf(runType: RunTypeConfig, data: JsonObject): DisplayConfig | undefined {
  const steps = runType.steps ?? []
  const step = steps.find(({ schema }) => schema && fits(schema, data))
  return step ?? steps.find(({ callResult }) => callResult?.schema && fits(callResult.schema, data))?.callResult
}
