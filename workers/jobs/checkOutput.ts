import type { AgentDefinition } from '@shared/domain/agents'
import type { ErrorDetail } from '@shared/domain/errors'
import type { Json, JsonObject } from '@shared/domain/json'
import type { Item } from '@shared/domain/objects'
import { type TenantCheck, compileTenantSchema } from '@shared/contracts/tenantSchemas'
import { invalidOutput } from '@workers/agent/agentFailure'

interface OutputChecks {
  output: TenantCheck | null
  steps: TenantCheck[] | null
}

/** Compiled once for each definition, which is immutable. */
const compiled = new WeakMap<AgentDefinition, Map<string, OutputChecks>>()

/** Throws `invalid_output` when the items of a run don't fit its agent's schemas. */
export function checkOutput(definition: AgentDefinition, runType: string, items: readonly Item[]): void {
  const checks = checksOf(definition, runType)
  for (const [index, item] of items.entries()) {
    const details = item.kind === 'output' ? checks.output?.(item.data) : stepFault(checks.steps, item.data)
    if (details)
      throw invalidOutput(
        `Item ${index + 1} of the agent app does not fit the schema of this agent.`,
        details.map(at(index)),
      )
  }
}

/** A step fits when it fits any of the schemas; else what the last one says. */
function stepFault(steps: TenantCheck[] | null, data: JsonObject): ErrorDetail[] | null {
  if (steps === null) return null
  let fault: ErrorDetail[] | null = [{ path: '', message: 'is none of the steps of this agent' }]
  for (const check of steps) {
    fault = check(data)
    if (fault === null) return null
  }
  return fault
}

function at(index: number): (detail: ErrorDetail) => Json {
  return ({ path, message }) => ({ path: `/items/${index}${path}`, message })
}

function checksOf(definition: AgentDefinition, runType: string): OutputChecks {
  const byType = compiled.get(definition) ?? new Map<string, OutputChecks>()
  compiled.set(definition, byType)
  const known = byType.get(runType)
  if (known) return known
  const run = definition.runs.find((candidate) => candidate.type === runType)
  const steps = run?.steps?.flatMap((step) => [step.schema, ...(step.callResult ? [step.callResult.schema] : [])]) ?? []
  const checks: OutputChecks = {
    output: run?.output ? compileTenantSchema(run.output.schema) : null,
    steps: run?.validateSteps ? steps.map(compileTenantSchema) : null,
  }
  byType.set(runType, checks)
  return checks
}
