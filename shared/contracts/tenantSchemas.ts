import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { RE2JS } from 're2js'
import type { ErrorDetail } from '@shared/domain/errors'
import { type Json, type JsonObject, isObject } from '@shared/domain/json'
import { tunables } from '@shared/domain/tunables'
import { type Cost, METER, type Meter, TooCostly, createMeter, meterSchema } from './meterSchema.ts'
import { refuseExtremes } from './schemaLimits.ts'
import { refuseReferences } from './schemaReferences.ts'
import { detailsOf } from './validate.ts'

/** What it costs to bring an element into the form in which it is compared, beside its letters. */
const COMPARED_ELEMENT = 20

const URL_LETTERS = 4_096
const URL_FORMAT = addFormats.default.get('url') as RegExp

/** Knows only what a schema may look like. */
const schemas = new Ajv2020({ strict: false })

export type TenantCheck = (value: Json) => ErrorDetail[] | null

/*
 * Schemas that come from outside (agents' items, metadata). Nothing in them or in the values that they check can block
 * the process: what would take long to be compiled is refused, patterns run on a linear-time engine, and a check ends
 * when it has cost too much. What can't be compiled is refused with a reason when the agent is published.
 *
 *   size and parts (schemaLimits.ts) ─▶ is it a schema ─▶ each part says what it costs (meterSchema.ts)
 *     ─▶ references (schemaReferences.ts) ─▶ Ajv
 */

/**
 * Compiles a tenant's JSON Schema (2020-12). The check returns null when a value fits, else where it doesn't.
 * Throws an Error with a readable message when the schema can't be used.
 */
export function compileTenantSchema(schema: JsonObject): TenantCheck {
  return compileAlternatives([schema])
}

/** The same for several schemas, one of which a value must fit; else the check says what the last one lacks. All of them cost what one may. */
export function compileAlternatives(alternatives: readonly JsonObject[]): TenantCheck {
  const meter = createMeter(tunables.tenantSchema.checkCost)
  const validators = alternatives.map((schema) => compile(schema, meter))
  return (value) => {
    meter.reset(value)
    try {
      if (validators.some((validate) => validate(value))) return null
      return detailsOf(validators.at(-1)?.errors ?? [])
    } catch (error) {
      if (error instanceof TooCostly) return [{ path: '', message: 'takes too long to be checked against the schema' }]
      // The stack is used up by what follows a very deep value.
      if (error instanceof RangeError) return [{ path: '', message: 'is too deep to be checked against the schema' }]
      throw error
    }
  }
}

function compile(schema: JsonObject, meter: Meter): ValidateFunction {
  const { bytes } = tunables.tenantSchema
  refuseExtremes(schema)
  if (JSON.stringify(schema).length > bytes) throw new Error(`the schema is larger than ${bytes} bytes`)
  void schemas.validateSchema(schema, true)
  const metered = meterSchema(schema) as JsonObject
  refuseReferences(metered)
  return compiled(compilerWith(meter), metered)
}

function compiled(ajv: Ajv2020, schema: JsonObject): ValidateFunction {
  try {
    return ajv.compile(schema)
  } catch (error) {
    if (error instanceof RangeError) throw new Error('the schema has too many parts', { cause: error })
    throw error
  }
}

function compilerWith(meter: Meter): Ajv2020 {
  const ajv = new Ajv2020({
    strict: false,
    allErrors: false,
    logger: false,
    // `schemas` has done it, without compiling the schema of schemas each time.
    validateSchema: false,
    meta: false,
    // A member that every object has by nature is not in the value.
    ownProperties: true,
    // Copied into each place that refers to it, a part could become a thousand times as much code.
    inlineRefs: false,
    // What Ajv does for shorter code takes it in the square of the code's length.
    code: { regExp: linearRegExps(meter), optimize: false },
  })
  addFormats.default(ajv)
  ajv.addFormat('url', isUrl)
  ajv.addKeyword({
    keyword: METER,
    schemaType: 'object',
    // the first of all that can lead further, so that nothing is done unpaid
    before: '$dynamicAnchor',
    errors: false,
    validate(cost: Cost, value: Json) {
      meter.spend(cost.once)
      meter.spendFor(value, cost)
      return true
    },
  })
  // Ajv's own compares each element with each other one.
  ajv.removeKeyword('uniqueItems')
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    error: { message: 'must NOT have duplicate items' },
    validate(wanted: boolean, list: Json[]) {
      if (!wanted) return true
      const texts = list.map((element) => {
        const text = canonical(element)
        meter.spend(COMPARED_ELEMENT + text.length)
        return text
      })
      return new Set(texts).size === texts.length
    },
  })
  return ajv
}

/** The expression takes time in the square of a text's length. */
function isUrl(text: string): boolean {
  return text.length <= URL_LETTERS && URL_FORMAT.test(text)
}

/** Regular expressions in linear time (RE2 syntax: no look-around, no back-references), as Ajv wants them. */
function linearRegExps(meter: Meter) {
  const linearRegExp = (pattern: string): { test(text: string): boolean; toString(): string } => {
    const compiled = RE2JS.compile(pattern)
    // In the worst case each letter meets each step of the pattern; measured, three steps are one look.
    const costOfLetter = 4 + compiled.programSize() / 3
    return {
      test(text) {
        meter.spend(20 + text.length * costOfLetter)
        return compiled.matcher(text).find()
      },
      // Ajv shares what has the same text among all patterns of a schema.
      toString: () => pattern,
    }
  }
  return Object.assign(linearRegExp, { code: 'linearRegExp' })
}

/** A value's JSON with its members in order: equal for equal values. */
function canonical(value: Json): string {
  return JSON.stringify(value, (_key, member: Json) =>
    isObject(member) ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1))) : member,
  )
}
