import { compileTenantSchema } from '@shared/contracts/tenantSchemas'
import { isObject, type JsonObject } from '@shared/domain/json'
import { ConfigMistake, givenText, messageOf, type Path, segmentsOf } from './configError.ts'

/** Refuses a schema that the server could not check items with; by ConfigMistake, at the part that is to blame. */
export function checkSchema(schema: JsonObject, path: Path): void {
  const fault = compileFault(schema)
  if (fault === null) return
  for (const [node, at] of nodesOf(schema, path)) refuseNode(node, at, fault)
  const invalid = /^schema is invalid: data(?<pointer>\/\S*)? (?<message>[^,]*)/.exec(fault)?.groups
  const within = segmentsOf(invalid?.['pointer'] ?? '')
  const message = invalid ? `${invalid['message']}${givenText(schema, within)}` : fault
  throw new ConfigMistake([...path, ...within], `is no usable JSON Schema: ${message}`)
}

function compileFault(schema: JsonObject): string | null {
  try {
    compileTenantSchema(schema)
    return null
  } catch (error) {
    return messageOf(error)
  }
}

/** The compiler tells a pattern's or reference's fault without its place. */
function refuseNode(node: JsonObject, path: Path, fault: string): void {
  for (const key of ['$ref', '$dynamicRef']) {
    const reference = node[key]
    if (typeof reference !== 'string') continue
    if (!reference.startsWith('#'))
      throw new ConfigMistake([...path, key], `"${reference}" leads out of the schema; use $defs`)
    if (fault.includes(`"${reference}" leads to no schema`))
      throw new ConfigMistake([...path, key], `"${reference}" leads to no schema`)
  }
  if (typeof node['pattern'] === 'string') refusePattern(node['pattern'], [...path, 'pattern'])
  if (!isObject(node['patternProperties'])) return
  for (const pattern of Object.keys(node['patternProperties'])) {
    refusePattern(pattern, [...path, 'patternProperties', pattern])
  }
}

function refusePattern(pattern: string, path: Path): void {
  const fault = compileFault({ pattern })
  if (fault === null) return
  const why = 'patterns run in linear time, without look-around and back-references'
  throw new ConfigMistake(path, `is a pattern that can't be used: ${fault} (${why})`)
}

function* nodesOf(schema: unknown, path: Path): Generator<[JsonObject, Path]> {
  if (Array.isArray(schema)) {
    for (const [index, element] of schema.entries()) yield* nodesOf(element, [...path, index])
  } else if (isObject(schema)) {
    yield [schema, path]
    for (const [key, member] of Object.entries(schema)) yield* nodesOf(member, [...path, key])
  }
}
