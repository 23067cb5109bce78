import { ServerConfig } from '@shared/contracts/config'
import { compileTenantSchema } from '@shared/contracts/tenantSchemas'
import { checkOf } from '@shared/contracts/validate'
import type { ErrorDetail } from '@shared/domain/errors'
import { findJsonFault, isObject, type JsonObject } from '@shared/domain/json'
import { tunables } from '@shared/domain/tunables'
import { ConfigMistake, messageOf, type Path } from './configError.ts'

const checkServerConfig = checkOf(ServerConfig)

/** What the contract's patterns mean, for people. */
const EXPECTED: Record<string, string> = {
  '/agents/*/name': 'lower-case letters, digits and dashes, a letter first, at most 63',
  '/agents/*/url': 'an address that begins with http:// or https://',
  '/agents/*/version': 'three numbers such as 1.2.0',
  '/agents/*/runs/*/type': 'letters, digits, _ and -, a letter first, at most 64',
}

/** The server's part of a config, if it is sound. Throws ConfigMistake with the first thing that isn't. */
export function checkConfig(part: unknown): ServerConfig {
  const checked = checkServerConfig(part)
  if (!checked.ok) throw contractMistake(part, checked.details[0])
  refuseDuplicates(checked.value)
  for (const [index, agent] of checked.value.agents.entries()) {
    const path = ['agents', index]
    for (const [schema, at] of schemasOf(agent, path)) refuseBrokenSchema(schema, at)
    const fault = findJsonFault(agent, tunables.jsonDepth)
    if (fault) throw new ConfigMistake([...path, ...segmentsOf(fault.path)], fault.message)
  }
  return checked.value
}

function contractMistake(part: unknown, detail: ErrorDetail | undefined): ConfigMistake {
  const path = segmentsOf(detail?.path ?? '')
  const value = path.reduce<unknown>(
    (holder, segment) => (isObject(holder) || Array.isArray(holder) ? Reflect.get(holder, segment) : undefined),
    part,
  )
  const expected = EXPECTED[path.map((segment) => `/${typeof segment === 'number' ? '*' : segment}`).join('')]
  const pattern = detail?.message.startsWith('must match') && expected !== undefined ? ` (${expected})` : ''
  const given =
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
      ? `; it is ${shortText(value)}`
      : ''
  return new ConfigMistake(path, `${detail?.message ?? 'is not valid'}${pattern}${given}`)
}

function refuseDuplicates({ agents }: ServerConfig): void {
  const name = duplicate(agents.map((agent) => agent.name))
  if (name)
    throw new ConfigMistake(
      ['agents', name.index, 'name'],
      `"${name.value}" is already the name of agents[${name.first}]`,
    )
  for (const [index, agent] of agents.entries()) {
    const type = duplicate(agent.runs.map((run) => run.type))
    if (!type) continue
    const path = ['agents', index, 'runs', type.index, 'type']
    throw new ConfigMistake(path, `"${type.value}" is already the type of agents[${index}].runs[${type.first}]`)
  }
}

function duplicate(values: readonly string[]): { value: string; index: number; first: number } | null {
  for (const [index, value] of values.entries()) {
    const first = values.indexOf(value)
    if (first < index) return { value, index, first }
  }
  return null
}

function* schemasOf(agent: ServerConfig['agents'][number], path: Path): Generator<[JsonObject, Path]> {
  for (const [key, schema] of Object.entries(agent.metadata ?? {})) yield [schema, [...path, 'metadata', key]]
  for (const [index, run] of agent.runs.entries()) {
    const at = [...path, 'runs', index]
    if (run.input) yield [run.input.schema, [...at, 'input', 'schema']]
    if (run.output) yield [run.output.schema, [...at, 'output', 'schema']]
    for (const [number, step] of (run.steps ?? []).entries()) {
      yield [step.schema, [...at, 'steps', number, 'schema']]
      if (step.callResult) yield [step.callResult.schema, [...at, 'steps', number, 'callResult', 'schema']]
    }
  }
}

function refuseBrokenSchema(schema: JsonObject, path: Path): void {
  const fault = schemaFault(schema)
  if (fault === null) return
  for (const [part, at] of suspects(schema, path)) {
    const own = schemaFault(part)
    if (own !== null) throw new ConfigMistake(at, own)
  }
  const invalid = /^schema is invalid: data(?<pointer>\/\S*)? (?<message>[^,]*)/.exec(fault)?.groups
  const within = segmentsOf(invalid?.['pointer'] ?? '')
  throw new ConfigMistake([...path, ...within], `is no usable JSON Schema: ${invalid?.['message'] ?? fault}`)
}

function schemaFault(schema: JsonObject): string | null {
  try {
    compileTenantSchema(schema)
    return null
  } catch (error) {
    return messageOf(error)
  }
}

/** Each pattern and reference of a schema, as a schema of its own: what the compiler refuses is most often one of these. */
function* suspects(schema: unknown, path: Path): Generator<[JsonObject, Path]> {
  if (Array.isArray(schema)) for (const [index, element] of schema.entries()) yield* suspects(element, [...path, index])
  if (!isObject(schema)) return
  const { pattern, patternProperties, $ref } = schema
  if (typeof pattern === 'string') yield [{ pattern }, [...path, 'pattern']]
  if (typeof $ref === 'string' && !$ref.startsWith('#')) yield [{ $ref }, [...path, '$ref']]
  if (isObject(patternProperties)) {
    for (const key of Object.keys(patternProperties)) yield [{ pattern: key }, [...path, 'patternProperties', key]]
  }
  for (const [key, member] of Object.entries(schema)) yield* suspects(member, [...path, key])
}

/** A JSON Pointer's segments; what looks like an index is one, since no member of the contract does. */
function segmentsOf(pointer: string): (string | number)[] {
  if (pointer === '') return []
  return pointer
    .slice(1)
    .split('/')
    .map((segment) => (/^\d+$/.test(segment) ? Number(segment) : segment.replaceAll('~1', '/').replaceAll('~0', '~')))
}

function shortText(value: string | number | boolean): string {
  const text = JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
