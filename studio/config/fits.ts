import type { JsonObject } from '@shared/domain/json'

type Unknown = Record<string, unknown>

/**
 * Whether an item is of the kind that a schema describes. A Standard Schema (Zod and others) is asked itself. Of a JSON
 * Schema only what tells kinds apart is looked at (constants, enums, required members): the server has validated the item,
 * and a page whose policy forbids to make code from text can't compile a validator.
 */
export function fits(schema: object, data: JsonObject): boolean {
  const standard = (schema as { '~standard'?: { validate?: (value: unknown) => unknown } })['~standard']
  if (standard?.validate) {
    const outcome = standard.validate(data)
    return isObject(outcome) && !('then' in outcome) && outcome.issues === undefined
  }
  return fitsJsonSchema(schema as Unknown, data)
}

function fitsJsonSchema(schema: Unknown, data: JsonObject): boolean {
  const options = schema.anyOf ?? schema.oneOf
  if (Array.isArray(options)) return options.some((option) => isObject(option) && fitsJsonSchema(option, data))
  if (Array.isArray(schema.allOf)) {
    if (!schema.allOf.every((part) => isObject(part) && fitsJsonSchema(part, data))) return false
  }
  const required = Array.isArray(schema.required) ? schema.required : []
  if (!required.every((name) => typeof name === 'string' && Object.hasOwn(data, name))) return false
  if (!isObject(schema.properties)) return true
  return Object.entries(schema.properties).every(
    ([name, property]) => !Object.hasOwn(data, name) || !isObject(property) || fitsConstant(property, data[name]),
  )
}

function fitsConstant(property: Unknown, value: unknown): boolean {
  if ('const' in property) return property.const === value
  if (Array.isArray(property.enum)) return property.enum.includes(value)
  return true
}

function isObject(value: unknown): value is Unknown {
  return typeof value === 'object' && value !== null
}
