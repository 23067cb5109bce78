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

/**
 * The first reason why a parsed JSON value can't be stored, or null. Postgres' jsonb refuses NUL and lone surrogates and
 * overflows on deep nesting; keys that name an object's machinery are refused so that no later merge can be poisoned.
 * Walks with its own stack, so that hostile depth can't overflow ours.
 */
export function findJsonFault(value: unknown, maxDepth: number): JsonFault | null {
  const stack: { value: unknown; path: string; depth: number }[] = [{ value, path: '', depth: 1 }]
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { value, path, depth } = top
    if (typeof value === 'string') {
      const fault = textFault(value)
      if (fault) return { path, message: fault }
    } else if (typeof value === 'object' && value !== null) {
      if (depth > maxDepth) return { path: path.slice(0, 200), message: `is nested deeper than ${maxDepth} levels` }
      if (Array.isArray(value)) {
        for (const [index, element] of value.entries())
          stack.push({ value: element, path: `${path}/${index}`, depth: depth + 1 })
      } else {
        for (const [key, element] of Object.entries(value)) {
          if (FORBIDDEN_KEYS.has(key)) return { path, message: `has the forbidden key "${key}"` }
          const fault = textFault(key)
          if (fault) return { path, message: `has a key that ${fault}` }
          stack.push({ value: element, path: `${path}/${escapePointer(key)}`, depth: depth + 1 })
        }
      }
    }
  }
  return null
}

function textFault(text: string): string | null {
  if (text.includes('\u0000')) return 'contains the character \\u0000, which can not be stored'
  return LONE_SURROGATE.test(text) ? 'contains a lone surrogate, which is not valid text' : null
}

/** One segment of a JSON Pointer (RFC 6901), escaped. */
export function escapePointer(segment: string): string {
  return segment.replaceAll('~', '~0').replaceAll('/', '~1')
}
