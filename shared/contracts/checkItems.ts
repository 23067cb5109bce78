import type { AgentDefinition } from '@shared/domain/agents'
import type { ErrorDetail } from '@shared/domain/errors'
import type { JsonObject } from '@shared/domain/json'
import type { ItemKind } from '@shared/domain/objects'
import { type TenantCheck, compileAlternatives, compileTenantSchema } from './tenantSchemas.ts'

interface ItemChecks {
  output: TenantCheck | null
  steps: TenantCheck | null
}

/** Compiled once for each definition, which is immutable. */
const compiled = new WeakMap<AgentDefinition, Map<string, ItemChecks>>()

/** The first item of a run that doesn't fit its agent's schemas, and why; paths begin with `/items/<index>`. */
export function findItemFault(
  definition: AgentDefinition,
  runType: string,
  items: readonly { kind: ItemKind; data: JsonObject }[],
): { index: number; details: ErrorDetail[] } | null {
  const checks = checksOf(definition, runType)
  for (const [index, item] of items.entries()) {
    const details = (item.kind === 'output' ? checks.output : checks.steps)?.(item.data)
    if (details)
      return { index, details: details.map(({ path, message }) => ({ path: `/items/${index}${path}`, message })) }
  }
  return null
}

function checksOf(definition: AgentDefinition, runType: string): ItemChecks {
  const byType = compiled.get(definition) ?? new Map<string, ItemChecks>()
  compiled.set(definition, byType)
  const known = byType.get(runType)
  if (known) return known
  const run = definition.runs.find((candidate) => candidate.type === runType)
  const steps = run?.steps?.flatMap((step) => [step.schema, ...(step.callResult ? [step.callResult.schema] : [])]) ?? []
  const checks: ItemChecks = {
    output: run?.output ? compileTenantSchema(run.output.schema) : null,
    steps: run?.validateSteps ? stepCheck(steps) : null,
  }
  byType.set(runType, checks)
  return checks
}

/** A step fits when it fits any of the schemas. */
function stepCheck(schemas: readonly JsonObject[]): TenantCheck {
  return schemas.length > 0
    ? compileAlternatives(schemas)
    : () => [{ path: '', message: 'is none of the steps of this agent' }]
}
