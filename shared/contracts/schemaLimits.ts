import { isObject } from '@shared/domain/json'
import { tunables } from '@shared/domain/tunables'
import { patternSteps } from './patternSteps.ts'

const BRANCHING = ['allOf', 'anyOf', 'oneOf'] as const

/**
 * Refuses what would take long to be compiled: throws an Error that says which limit it is. What a compiled schema may cost
 * is limited where it is used (meterSchema.ts).
 */
export function refuseExtremes(schema: unknown): void {
  const { depth: deepest, parts: most, branches: mostBranches, patternSteps: mostSteps } = tunables.tenantSchema
  let parts = 0
  let branches = 0
  /** Equal ones are compiled once. */
  const patterns = new Set<string>()
  for (const { value, depth } of membersOf(schema)) {
    if (depth > deepest) throw new Error(`the schema is nested deeper than ${deepest}`)
    if (!isObject(value)) continue
    if (++parts > most) throw new Error(`the schema has more than ${most} parts`)
    branches += BRANCHING.reduce((sum, keyword) => sum + lengthOf(value[keyword]), 0)
    if (branches > mostBranches)
      throw new Error(`the schema has more than ${mostBranches} branches of anyOf, oneOf and allOf`)
    if (typeof value.pattern === 'string') patterns.add(value.pattern)
    if (isObject(value.patternProperties))
      for (const pattern of Object.keys(value.patternProperties)) patterns.add(pattern)
  }
  const steps = [...patterns].reduce((sum, pattern) => sum + patternSteps(pattern), 0)
  if (steps > mostSteps) throw new Error(`the schema's patterns have more than ${mostSteps} steps, repetitions counted`)
}

/** How many objects there are in a schema, itself among them. */
export function partsOf(schema: unknown): number {
  let parts = 0
  for (const { value } of membersOf(schema)) if (isObject(value)) parts++
  return parts
}

/** All objects and lists of a schema, which may be wider and deeper than any stack: that is the tenant's. */
function* membersOf(schema: unknown): Generator<{ value: object; depth: number }> {
  const stack = [{ value: schema, depth: 1 }]
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { value, depth } = next
    if (typeof value !== 'object' || value === null) continue
    yield { value, depth }
    for (const member of Object.values(value)) stack.push({ value: member, depth: depth + 1 })
  }
}

function lengthOf(value: unknown): number {
  return Array.isArray(value) ? value.length : 0
}
