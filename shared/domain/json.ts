/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | JsonObject
export interface JsonObject {
  [key: string]: Json
}

/** True for a plain JSON object (not null, not an array). */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/
/** Keys that name an object's machinery. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

export interface JsonFault {
  path: string
  message: string
}

/** Of a path only so much is told: keys may be as long as a body. */
const PATH_LENGTH = 200

/**
 * The first reason why a parsed JSON value can't be stored, or null. Postgres' jsonb refuses NUL and lone surrogates and
 * overflows on deep nesting; keys that name an object's machinery are refused so that no later merge can be poisoned.
 * Goes no deeper than `maxDepth`, so that hostile depth can't overflow the stack, and notes no path until there is a
 * fault: bodies of millions of elements come through here.
 */
export function findJsonFault(value: unknown, maxDepth: number): JsonFault | null {
  const fault = faultIn(value, 1, maxDepth)
  return fault && { ...fault, path: fault.path.slice(0, PATH_LENGTH) }
}

function faultIn(value: unknown, depth: number, maxDepth: number): JsonFault | null {
  if (typeof value === 'string') return here(textFault(value))
  if (typeof value !== 'object' || value === null) return null
  if (depth > maxDepth) return here(`is nested deeper than ${maxDepth} levels`)
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const fault = faultIn(value[index], depth + 1, maxDepth)
      if (fault) return { ...fault, path: `/${index}${fault.path}` }
    }
    return null
  }
  for (const [key, member] of Object.entries(value)) {
    if (FORBIDDEN_KEYS.has(key)) return here(`has the forbidden key "${key}"`)
    const inKey = textFault(key)
    if (inKey) return here(`has a key that ${inKey}`)
    const fault = faultIn(member, depth + 1, maxDepth)
    if (fault) return { ...fault, path: `/${escapePointer(key)}${fault.path}` }
  }
  return null
}

function here(message: string | null): JsonFault | null {
  return message === null ? null : { path: '', message }
}

function textFault(text: string): string | null {
  if (text.includes('\u0000')) return 'contains the character \\u0000, which can not be stored'
  return LONE_SURROGATE.test(text) ? 'contains a lone surrogate, which is not valid text' : null
}

/** One segment of a JSON Pointer (RFC 6901), escaped. */
export function escapePointer(segment: string): string {
  return segment.replaceAll('~', '~0').replaceAll('/', '~1')
}
