import { isObject } from '@shared/domain/json'
import { METER } from './meterSchema.ts'

type Part = Record<string, unknown>

/** Keywords whose parts look at the same value; all others lead to a part of it, which comes to an end. */
const SAME_VALUE = ['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else'] as const
/** Keywords whose parts do so when the value has a member. */
const SAME_VALUE_NAMED = ['dependentSchemas', 'dependencies'] as const
const REFERRING = ['$ref', '$dynamicRef'] as const

/**
 * Refuses references of a metered schema that lead out of it (they would be fetched, or be another tenant's), to what is no
 * schema in its own right (and says no cost), or back to where they began without getting on in the value.
 * Throws an Error that says which.
 */
export function refuseReferences(schema: Part): void {
  const { parts, anchors, innerIds } = readParts(schema)

  function targetsOf(part: Part): Part[] {
    return REFERRING.flatMap((keyword) => {
      const reference = part[keyword]
      if (typeof reference !== 'string') return []
      if (!reference.startsWith('#')) throw new Error(`${keyword} "${reference}" leads out of the schema`)
      if (innerIds > 0) throw new Error(`${keyword} can not be used beside an $id within the schema`)
      const targets = resolve(schema, anchors, decoded(reference.slice(1)))
      if (targets.length === 0) throw new Error(`${keyword} "${reference}" leads to no schema`)
      return targets.filter((target) => target !== true)
    })
  }
  const nextOf = new Map(parts.map((part) => [part, [...sameValue(part), ...targetsOf(part)]]))
  refuseCircles(nextOf)
}

function refuseCircles(nextOf: ReadonlyMap<Part, readonly Part[]>): void {
  const done = new Set<Part>()
  const under = new Set<Part>()
  // As deep as the schema has parts at most, which is limited.
  function visit(part: Part): void {
    if (done.has(part)) return
    if (under.has(part)) throw new Error('the schema leads to itself without end')
    under.add(part)
    for (const next of nextOf.get(part) ?? []) visit(next)
    under.delete(part)
    done.add(part)
  }
  for (const part of nextOf.keys()) visit(part)
}

function sameValue(part: Part): Part[] {
  const named = SAME_VALUE_NAMED.flatMap((keyword) => {
    const parts = part[keyword]
    return isObject(parts) ? Object.values(parts) : []
  })
  return [...SAME_VALUE.flatMap((keyword) => part[keyword]), ...named].filter(isObject)
}

/** All objects of a schema, those that have a name, and how many but the whole have an id from which references would begin. */
function readParts(schema: Part): { parts: Part[]; anchors: ReadonlyMap<string, Part[]>; innerIds: number } {
  const parts: Part[] = []
  const anchors = new Map<string, Part[]>()
  let innerIds = 0
  const stack: unknown[] = [schema]
  while (stack.length > 0) {
    const value = stack.pop()
    if (Array.isArray(value)) for (const element of value) stack.push(element)
    if (!isObject(value)) continue
    parts.push(value)
    if (typeof value.$id === 'string' && value !== schema) innerIds++
    for (const name of [value.$anchor, value.$dynamicAnchor])
      if (typeof name === 'string') anchors.set(name, [...(anchors.get(name) ?? []), value])
    for (const member of Object.values(value)) stack.push(member)
  }
  return { parts, anchors, innerIds }
}

/** What a fragment names that is a schema: of several that share a name, it may be each. */
function resolve(schema: Part, anchors: ReadonlyMap<string, Part[]>, fragment: string): (Part | true)[] {
  const isPointer = fragment === '' || fragment.startsWith('/')
  const named = isPointer ? [fragment.split('/').slice(1).reduce(memberOf, schema)] : (anchors.get(fragment) ?? [])
  const targets = named.map((target) => {
    if (typeof target === 'boolean') return true
    return isObject(target) && METER in target ? target : null
  })
  return targets.includes(null) ? [] : targets.filter((target) => target !== null)
}

/** One step of a JSON Pointer (RFC 6901). */
function memberOf(value: unknown, name: string): unknown {
  const key = name.replaceAll('~1', '/').replaceAll('~0', '~')
  if (Array.isArray(value)) return /^\d+$/.test(key) ? (value[Number(key)] as unknown) : undefined
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
