import { type Json, type JsonObject, isObject } from '@shared/domain/json'
import type { tunables } from '@shared/domain/tunables'

/** The keyword that every part of a metered schema carries: what one check against that part costs by itself. */
export const METER = 'x-agentview-meter'

/** In looks at a keyword. */
export interface Cost {
  once: number
  /** For each letter of a text. */
  letter: number
}

/** Keywords whose value is a schema, a list of schemas, or schemas by name. */
const ONE = new Set([
  'additionalProperties',
  'contains',
  'contentSchema',
  'else',
  'if',
  'items',
  'not',
  'propertyNames',
  'then',
  'unevaluatedItems',
  'unevaluatedProperties',
])
const LIST = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems'])
const NAMED = new Set(['$defs', 'definitions', 'dependencies', 'dependentSchemas', 'patternProperties', 'properties'])
/** Keywords that are compared with all that they hold. */
const COMPARED = ['const', 'dependentRequired', 'enum', 'required'] as const
/** How much JSON is compared, how many elements are passed over, for the cost of one look. */
const BYTES_A_LOOK = 8
/** What a member of an object costs, whose names are listed anew by some keywords. */
const MEMBER = 2
/** What a letter costs that is compared with a format: the dearest expressions take some 200 ns. */
const FORMATTED_LETTER = 4
/** What each part costs before anything is looked at: a call. */
const CALL = 10

/** A copy of a schema in which every part says what it costs; values that only look like schemas stay as they are. */
export function meterSchema(schema: Json): Json {
  if (!isObject(schema)) return schema
  const entries = Object.entries(schema).map(([keyword, value]): [string, Json] => [
    keyword,
    meterMember(keyword, value),
  ])
  return { ...Object.fromEntries(entries), [METER]: costOf(schema) }
}

function meterMember(keyword: string, value: Json): Json {
  if (ONE.has(keyword)) return meterSchema(value)
  if (LIST.has(keyword) && Array.isArray(value)) return value.map(meterSchema)
  if (!NAMED.has(keyword) || !isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, meterSchema(part)]))
}

function costOf(schema: JsonObject): Cost & JsonObject {
  const names = [...NAMED].reduce((sum, keyword) => sum + Object.keys(schema[keyword] ?? {}).length, 0)
  const bytes = COMPARED.reduce((sum, keyword) => sum + (JSON.stringify(schema[keyword])?.length ?? 0), 0)
  const once = CALL + Object.keys(schema).length + names + Math.floor(bytes / BYTES_A_LOOK)
  return { once, letter: schema.format === undefined ? 1 / BYTES_A_LOOK : FORMATTED_LETTER }
}

/** A purse for one check after the other. */
export interface Meter {
  /** Fills it for the check of a value: the larger that is, the fuller. */
  reset(value: Json): void
  /** Throws TooCostly when it is empty. */
  spend(looks: number): void
  /** What it costs to look at a value's own members, or letters, once. */
  spendFor(value: Json, cost: Cost): void
}

export class TooCostly extends Error {}

export function createMeter({ base, perByte, most }: typeof tunables.tenantSchema.checkCost): Meter {
  let left: number = base
  let sizes = new WeakMap<object, number>()
  /** What is checked, until its size was asked for: most checks end before. */
  let unmeasured: Json | undefined

  function spend(looks: number): void {
    left -= looks
    if (left < 0 && unmeasured !== undefined) {
      left += Math.min(most - base, perByte * JSON.stringify(unmeasured).length)
      unmeasured = undefined
    }
    if (left < 0) throw new TooCostly()
  }

  function sizeOf(value: JsonObject): number {
    const known = sizes.get(value) ?? Object.keys(value).length
    sizes.set(value, known)
    return known
  }

  return {
    reset(value) {
      left = base
      unmeasured = value
      sizes = new WeakMap()
    },
    spend,
    spendFor(value, { letter }) {
      if (typeof value === 'string') spend(value.length * letter)
      else if (Array.isArray(value)) spend(value.length / BYTES_A_LOOK)
      else if (isObject(value)) spend(sizeOf(value) * MEMBER)
    },
  }
}
