import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { RE2JS } from 're2js'
import type { ErrorDetail } from '@shared/domain/errors'
import { type Json, type JsonObject, isObject } from '@shared/domain/json'
import { detailsOf } from './validate.ts'

/**
 * Schemas that come from outside (agents' items, metadata). Their patterns run on a linear-time engine, so that no
 * pattern can block the process; what can't be compiled is refused with a reason when the agent is published.
 */
const SCHEMA_BYTES = 256 * 1_024

/** A regular expression in linear time (RE2 syntax: no look-around, no back-references), as Ajv wants it. */
function linearRegExp(pattern: string): { test(text: string): boolean; toString(): string } {
  const compiled = RE2JS.compile(pattern)
  // Ajv shares what has the same text among all patterns of a schema, those of its meta-schemas too.
  return { test: (text) => compiled.matcher(text).find(), toString: () => pattern }
}
linearRegExp.code = 'linearRegExp'

export type TenantCheck = (value: Json) => ErrorDetail[] | null

/**
 * Compiles a tenant's JSON Schema (2020-12). The check returns null when a value fits, else where it doesn't.
 * Throws an Error with a readable message when the schema can't be used.
 */
export function compileTenantSchema(schema: JsonObject): TenantCheck {
  if (JSON.stringify(schema).length > SCHEMA_BYTES) throw new Error(`the schema is larger than ${SCHEMA_BYTES} bytes`)
  refuseForeignReferences(schema)
  const ajv = new Ajv2020({
    strict: false,
    allErrors: false,
    validateSchema: true,
    addUsedSchema: false,
    code: { regExp: linearRegExp },
  })
  addFormats.default(ajv)
  const validate = ajv.compile(schema)
  return (value) => (validate(value) ? null : detailsOf(validate.errors ?? []))
}

/** Only references within the schema itself; anything else would be fetched or be another tenant's. */
function refuseForeignReferences(schema: JsonObject): void {
  const stack: unknown[] = [schema]
  while (stack.length > 0) {
    const node = stack.pop()
    if (Array.isArray(node)) stack.push(...(node as unknown[]))
    else if (isObject(node)) {
      for (const key of ['$ref', '$dynamicRef']) {
        const reference = node[key]
        if (typeof reference === 'string' && !reference.startsWith('#'))
          throw new Error(`${key} "${reference}" leads out of the schema`)
      }
      stack.push(...Object.values(node))
    }
  }
}
