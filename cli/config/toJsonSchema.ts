import { createRequire } from 'node:module'
import { tunables } from '@shared/domain/tunables'
import { absenceOf } from './absent.ts'
import { ConfigMistake, messageOf, type Path } from './configError.ts'

/**
 * Schemas of other libraries as JSON Schema (2020-12), of the values that come in. In this order:
 *   Standard JSON Schema  -> its own `~standard.jsonSchema.input` (Zod >= 4.2, ArkType, …; https://standardschema.dev/json-schema)
 *   Zod 4.0, 4.1          -> `toJSONSchema` of the zod that is installed beside the config
 *   other Standard Schema -> refused, with what to give
 *   plain objects         -> JSON Schema already (TypeBox is)
 */
const TARGET = 'draft-2020-12'
const GIVE = 'give JSON Schema (2020-12), TypeBox or Zod 4'

/** The JSON Schema of a schema in a config. Throws ConfigMistake when it has none. */
export function toJsonSchema(schema: unknown, path: Path, configFile: string): unknown {
  const absence = absenceOf(schema)
  if (absence) throw new ConfigMistake(path, `comes from "${absence.name}", which ${absence.reason}`)
  if (isForeignSchema(schema)) return foreignSchema(schema, path, configFile)
  return jsonOf(schema, path)
}

/** True for the schema objects of libraries; ArkType's and Effect's are functions. */
export function isForeignSchema(value: unknown): value is object {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  // What Zod has converted still carries `~standard`, but is JSON Schema.
  return ('~standard' in value || '_zod' in value) && typeof member(value, '$schema') !== 'string'
}

function foreignSchema(schema: object, path: Path, configFile: string): unknown {
  const convert = converterOf(schema, configFile)
  if (!convert) {
    const vendor = member(member(schema, '~standard'), 'vendor')
    const kind = vendor === 'zod' ? 'Zod 3' : typeof vendor === 'string' ? vendor : 'foreign'
    throw new ConfigMistake(path, `is a ${kind} schema, which can't give JSON Schema by itself: ${GIVE}`)
  }
  let converted: unknown
  try {
    converted = convert()
  } catch (error) {
    throw new ConfigMistake(path, `can't be given as JSON Schema: ${messageOf(error)}`)
  }
  return jsonOf(converted, path)
}

function converterOf(schema: object, configFile: string): (() => unknown) | null {
  const standard = member(member(schema, '~standard'), 'jsonSchema')
  const input = member(standard, 'input')
  if (typeof input === 'function') return () => Reflect.apply(input, standard, [{ target: TARGET }])
  if (!('_zod' in schema)) return null
  return () => {
    const toJSONSchema = member(createRequire(configFile)('zod/v4'), 'toJSONSchema')
    if (typeof toJSONSchema !== 'function') throw new Error('the installed zod has no toJSONSchema; update it')
    return Reflect.apply(toJSONSchema, undefined, [schema, { target: TARGET, io: 'input' }])
  }
}

function member(value: unknown, name: string): unknown {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
    ? Reflect.get(value, name)
    : undefined
}

/** A copy that is nothing but JSON: symbols and hidden members, as TypeBox adds, are left behind. */
function jsonOf(schema: unknown, path: Path): unknown {
  refuseNonJson(schema, path)
  const dialect = member(schema, '$schema')
  if (typeof dialect === 'string' && !/^https:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/.test(dialect))
    throw new ConfigMistake([...path, '$schema'], `names the dialect ${dialect}; AgentView reads JSON Schema 2020-12`)
  return JSON.parse(JSON.stringify(schema)) as unknown
}

function refuseNonJson(value: unknown, path: Path): void {
  const absence = absenceOf(value)
  if (absence) throw new ConfigMistake(path, `comes from "${absence.name}", which ${absence.reason}`)
  if (isForeignSchema(value)) {
    throw new ConfigMistake(
      path,
      "is another library's schema within a JSON Schema: use one library for the whole schema",
    )
  }
  if (path.length > tunables.jsonDepth) {
    throw new ConfigMistake(
      path.slice(0, 12),
      `is nested deeper than ${tunables.jsonDepth} levels (does it refer to itself?)`,
    )
  }
  if (typeof value === 'object' && value !== null) {
    const kind = classOf(value)
    if (kind !== null) throw new ConfigMistake(path, `must be JSON, but is a ${kind}: ${GIVE}`)
    const members: [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
    for (const [key, member] of members) if (member !== undefined) refuseNonJson(member, [...path, key])
  } else if (value !== null && typeof value !== 'string' && typeof value !== 'boolean' && !Number.isFinite(value)) {
    throw new ConfigMistake(
      path,
      `must be JSON, but is ${typeof value === 'number' ? String(value) : `a ${typeof value}`}`,
    )
  }
}

/** The class of an object that is more than JSON, or null. By shape: the config may be of another realm. */
function classOf(value: object): string | null {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (Array.isArray(value) || prototype === null || Object.getPrototypeOf(prototype) === null) return null
  const name = member(member(value, 'constructor'), 'name')
  return typeof name === 'string' && name !== '' ? name : 'class instance'
}
