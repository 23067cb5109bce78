import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { Static, TSchema } from 'typebox'
import type { ErrorDetail } from '@shared/domain/errors'

const ajv = newAjv()
const coercing = newAjv({ coerceTypes: true })

function newAjv(options: { coerceTypes?: boolean } = {}): Ajv2020 {
  const instance = new Ajv2020({ strict: false, allErrors: false, discriminator: false, ...options })
  addFormats.default(instance)
  return instance
}

/** A check of one of our own schemas: the value with its type, or what is wrong with it. */
export type Check<T> = (value: unknown) => { ok: true; value: T } | { ok: false; details: ErrorDetail[] }

/**
 * A check by a schema of ours. `coerce` reads numbers and booleans from text (query strings) and changes the value in place.
 * The schema is compiled with its first value: all of them together would take a process half a second of its start.
 */
export function checkOf<Schema extends TSchema>(
  schema: Schema,
  options: { coerce?: boolean } = {},
): Check<Static<Schema>> {
  let compiled: ValidateFunction<Static<Schema>> | null = null
  return (value) => {
    const validate: ValidateFunction<Static<Schema>> =
      compiled ?? (options.coerce ? coercing : ajv).compile<Static<Schema>>(schema)
    compiled = validate
    return validate(value) ? { ok: true, value } : { ok: false, details: detailsOf(validate.errors ?? []) }
  }
}

/** Ajv's errors for a person: where, and what is expected there. */
export function detailsOf(errors: readonly ErrorObject[]): ErrorDetail[] {
  return errors.slice(0, 20).map((error) => ({ path: error.instancePath, message: sentence(error) }))
}

function sentence(error: ErrorObject): string {
  const parameters: Record<string, unknown> = error.params
  if (error.keyword === 'additionalProperties')
    return `has the unknown member "${String(parameters['additionalProperty']).slice(0, 100)}"`
  if (error.keyword === 'required') return `lacks the member "${String(parameters['missingProperty'])}"`
  if (error.keyword === 'enum') return `must be one of ${shortened(parameters['allowedValues'])}`
  if (error.keyword === 'const') return `must be ${shortened(parameters['allowedValue'])}`
  return error.message ?? 'is not valid'
}

function shortened(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > 500 ? `${text.slice(0, 500)}…` : text
}
