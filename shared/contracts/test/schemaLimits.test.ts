import { describe, expect, test } from '@jest/globals'
import type { JsonObject } from '@shared/domain/json'
import { tunables } from '@shared/domain/tunables'
import { patternSteps } from '../patternSteps.ts'
import { compileTenantSchema } from '../tenantSchemas.ts'

const { depth, parts, branches, patternSteps: steps } = tunables.tenantSchema

function nested(levels: number): JsonObject {
  let schema: JsonObject = { type: 'string' }
  for (let level = 0; level < levels; level++) schema = { properties: { a: schema } }
  return schema
}

const objects = (count: number): JsonObject => ({
  $defs: Object.fromEntries(Array.from({ length: count }, (_, index) => [`d${index}`, {}])),
})
const allOf = (count: number): JsonObject => ({ allOf: Array.from({ length: count }, () => true) })

describe('a schema', () => {
  test.each<[string, (size: number) => JsonObject, number, string]>([
    ['depth', nested, depth / 2 - 1, `deeper than ${depth}`],
    // the whole and $defs are parts as well
    ['parts', objects, parts - 2, `more than ${parts} parts`],
    ['branches in one place', allOf, branches, `more than ${branches} branches`],
    [
      'branches in several places',
      (size) => ({ ...allOf(size - 10), items: { oneOf: Array(5).fill(true), anyOf: Array(5).fill(true) } }),
      branches,
      `more than ${branches} branches`,
    ],
    ['a pattern’s length', (size) => ({ pattern: 'x'.repeat(size) }), steps, `more than ${steps} steps`],
    ['a pattern’s repetitions', (size) => ({ pattern: `(${'x'.repeat(99)}){${size}}` }), steps / 100 - 1, 'more than'],
    [
      'all patterns together',
      (size) => ({ properties: { a: { pattern: 'x'.repeat(size - 10) } }, patternProperties: { abcdefghij: true } }),
      steps,
      'more than',
    ],
  ])('has limits: %s', (_what, schemaOf, most, fault) => {
    expect(() => compileTenantSchema(schemaOf(most))).not.toThrow()
    expect(() => compileTenantSchema(schemaOf(most + 2))).toThrow(fault)
  })

  test('pays once for a pattern that it has in many places', () => {
    const pattern = `^[0-9a-f]{8}-${'x'.repeat(1_000)}$`
    const properties = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`p${index}`, { pattern }]))
    expect(() => compileTenantSchema({ properties })).not.toThrow()
  })

  test('hides nothing under names that keywords have, or where no keyword is', () => {
    for (const place of ['default', 'const', 'enum', 'examples'])
      expect(() => compileTenantSchema({ properties: { [place]: objects(parts) } })).toThrow('parts')
    expect(() => compileTenantSchema({ 'x-ours': objects(parts) })).toThrow('parts')
  })
})

test.each<[string, number]>([
  ['', 0],
  ['abc', 3],
  ['^a+$', 4],
  ['a{3}', 3],
  ['a{2,5}', 5],
  ['a{7,}', 7],
  ['a{0}', 1],
  ['[a-z]{10}', 10],
  ['[^\\]{5}]{4}', 4],
  ['[]a]{4}', 4],
  ['\\p{L}{5}', 5],
  ['\\{3}', 3],
  ['a{x}', 4],
  ['(ab){10}', 30],
  ['(?:a{10}){10}', 110],
  ['(?<name>a){2}(?i)b', 6],
  ['((a{2}b){3}c){4}', 4 * (1 + 3 * (1 + 2 + 1) + 1)],
  ['(a{5}', 6],
  ['a)b', 3],
])('the pattern %s has %i steps', (pattern, expected) => {
  expect(patternSteps(pattern)).toBe(expected)
})
