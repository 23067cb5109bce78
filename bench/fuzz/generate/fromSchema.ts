import fc from 'fast-check'
import type { Json } from '@shared/domain/json'
import { hintFor, withoutLoners } from './hints.ts'
import { referenceTo } from './references.ts'

/** What of JSON Schema the OpenAPI document uses. */
export interface Schema {
  type?: string
  enum?: Json[]
  const?: Json
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean | Schema
  items?: Schema
  minItems?: number
  maxItems?: number
  uniqueItems?: boolean
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  pattern?: string
}

/** Longer ones are made on purpose, where caps are tried. */
const USUAL_LENGTH = 30
const USUAL_ITEMS = 4
const ID_PATTERN = /^\^([a-z]+)_\[0-7\]/

/** Values that fit a schema; what a member's name says of it beyond its schema stands in hints.ts. Throws for what it doesn't know. */
export function valuesOf(schema: Schema, name = ''): fc.Arbitrary<Json> {
  const hint = hintFor(name)
  if (hint) return hint
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((one) => valuesOf(one)))
  switch (schema.type) {
    case 'object':
      return objectsOf(schema)
    case 'array':
      return arraysOf(schema)
    case 'string':
      return textsOf(schema)
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -1_000, max: schema.maximum ?? 1_000_000 })
    case 'number':
      return fc.oneof(fc.integer({ min: schema.minimum ?? -9, max: 9 }), fc.constantFrom(0.5, 1e-7, 1e21))
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case undefined:
      return anyJson()
    default:
      throw new Error(`the generator does not know schemas of the type ${schema.type}: add it to fromSchema.ts`)
  }
}

function objectsOf({ properties, required = [] }: Schema): fc.Arbitrary<Json> {
  if (!properties) return anyObject()
  const members = Object.fromEntries(Object.entries(properties).map(([key, member]) => [key, valuesOf(member, key)]))
  return fc.record(members, { requiredKeys: required }).map(withoutLoners)
}

function arraysOf({
  items = {},
  minItems = 0,
  maxItems = USUAL_ITEMS,
  uniqueItems = false,
}: Schema): fc.Arbitrary<Json> {
  const size = { minLength: minItems, maxLength: Math.max(minItems, Math.min(maxItems, USUAL_ITEMS)) }
  const one = valuesOf(items)
  return uniqueItems ? fc.uniqueArray(one, size) : fc.array(one, size)
}

function textsOf({ pattern, minLength = 0, maxLength = USUAL_LENGTH }: Schema): fc.Arbitrary<Json> {
  const prefix = pattern && ID_PATTERN.exec(pattern)?.[1]
  if (prefix !== undefined && prefix !== '') return referenceTo(prefix)
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern), { maxLength: 255 })
  return texts(minLength, Math.max(minLength, Math.min(maxLength, USUAL_LENGTH)))
}

function texts(minLength: number, maxLength: number): fc.Arbitrary<string> {
  const size = { minLength, maxLength }
  return fc.oneof(
    fc.string(size),
    fc.string({ ...size, unit: 'grapheme' }).filter((text) => text.length <= maxLength),
  )
}

/** JSON that can be stored. */
export function anyJson(): fc.Arbitrary<Json> {
  const leaf = fc.oneof(texts(0, 10), fc.integer(), fc.boolean(), fc.constant(null))
  return fc.oneof({ weight: 4, arbitrary: leaf }, fc.array(leaf, { maxLength: 3 }), anyObject())
}

const keys = fc
  .oneof(fc.constantFrom('a', 'content', 'type', 'n'), texts(0, 8))
  .filter((key) => !key.includes('\u0000'))

export function anyObject(): fc.Arbitrary<Record<string, Json>> {
  const leaf = fc.oneof(texts(0, 10), fc.integer(), fc.boolean(), fc.constant(null))
  return fc.dictionary(keys, leaf, { maxKeys: 3, noNullPrototype: true })
}
