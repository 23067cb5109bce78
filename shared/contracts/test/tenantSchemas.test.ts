import { describe, expect, test } from '@jest/globals'
import type { Json, JsonObject } from '@shared/domain/json'
import { compileTenantSchema } from '../tenantSchemas.ts'

const fits = (schema: JsonObject, value: Json) => compileTenantSchema(schema)(value) === null
const pathsOf = (schema: JsonObject, value: Json) => compileTenantSchema(schema)(value)?.map((detail) => detail.path)

describe('a schema of a tenant', () => {
  test('says where a value doesn’t fit', () => {
    const schema = { properties: { list: { type: 'array', items: { type: 'integer' } } }, required: ['list'] }
    expect(fits(schema, { list: [1, 2] })).toBe(true)
    expect(pathsOf(schema, { list: [1, 'x'] })).toEqual(['/list/1'])
    expect(compileTenantSchema(schema)({})).toEqual([{ path: '', message: 'lacks the member "list"' }])
  })

  test('may be for any JSON, not only for objects', () => {
    const schema = { enum: ['a', 1, null, [2]] }
    for (const value of ['a', 1, null, [2]]) expect(fits(schema, value)).toBe(true)
    expect(fits(schema, 'b')).toBe(false)
  })

  test('may refer to its own parts, also in circles through the value', () => {
    const tree: JsonObject = {
      $ref: '#/$defs/node',
      $defs: {
        node: {
          type: 'object',
          properties: { children: { type: 'array', items: { $ref: '#/$defs/node' } }, name: { type: 'string' } },
          required: ['name'],
        },
      },
    }
    expect(fits(tree, { name: 'a', children: [{ name: 'b', children: [] }] })).toBe(true)
    expect(pathsOf(tree, { name: 'a', children: [{ name: 'b' }, {}] })).toEqual(['/children/1'])
  })

  test('may refer to itself as a whole', () => {
    const list: JsonObject = {
      type: 'object',
      properties: { next: { $ref: '#' }, n: { type: 'integer' } },
      required: ['n'],
    }
    expect(fits(list, { n: 1, next: { n: 2, next: { n: 3 } } })).toBe(true)
    expect(pathsOf(list, { n: 1, next: { n: 2, next: {} } })).toEqual(['/next/next'])
  })

  test.each<[string, JsonObject]>([
    ['2020-12', { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'string' }],
    ['keywords that nobody knows', { type: 'string', 'x-ui': { widget: 'text' } }],
    ['an id of its own', { $id: 'https://example.com/thing', type: 'string' }],
  ])('may name %s', (_what, schema) => {
    expect([fits(schema, 'x'), fits(schema, 1)]).toEqual([true, false])
  })

  test('twice with the same id compiles twice', () => {
    const schema = { $id: 'https://example.com/same', type: 'string' }
    expect(fits(schema, 'x')).toBe(true)
    expect(fits({ ...schema, type: 'number' }, 1)).toBe(true)
  })

  test('checks formats', () => {
    expect([fits({ format: 'email' }, 'a@b.example'), fits({ format: 'email' }, 'ab')]).toEqual([true, false])
    expect([fits({ format: 'date-time' }, '2026-01-01T00:00:00Z'), fits({ format: 'date' }, 'now')]).toEqual([
      true,
      false,
    ])
  })
})

describe('a pattern', () => {
  test('is checked, and each by itself', () => {
    const schema = {
      properties: { a: { pattern: '^[a-z]+$' }, b: { pattern: '^[0-9]+$' } },
      patternProperties: { '^x-': { type: 'integer' } },
    }
    expect(fits(schema, { a: 'abc', b: '123', 'x-1': 1 })).toBe(true)
    expect(pathsOf(schema, { a: 'ABC' })).toEqual(['/a'])
    expect(pathsOf(schema, { b: 'abc' })).toEqual(['/b'])
    expect(pathsOf(schema, { 'x-1': 'one' })).toEqual(['/x-1'])
  })

  test('that would take forever takes no time', () => {
    for (const pattern of ['^(a+)+$', '^(a|a)*$', '(x+x+)+y', '^([a-zA-Z0-9])(([\\-.]|[_]+)?([a-zA-Z0-9]+))*$'])
      expect(fits({ pattern }, `${'a'.repeat(50_000)}!`)).toBe(false)
  })

  test.each(['(?=a)', '(?<!a)b', '(a)\\1', '(', 'a{100000}', '[z-a]'])('"%s" is refused with a reason', (pattern) => {
    expect(() => compileTenantSchema({ pattern })).toThrow(/.+/)
  })
})

describe('a schema that could harm', () => {
  test.each<[string, JsonObject]>([
    ['leads to another host', { $ref: 'https://evil.example/schema.json' }],
    ['leads to a file', { properties: { a: { $ref: 'file:///etc/passwd' } } }],
    ['leads to another schema by its name', { items: [{ anyOf: [{ $ref: 'other.json#/a' }] }] }],
    ['leads out dynamically', { $dynamicRef: 'https://evil.example/#meta' }],
    ['leads to nothing', { $ref: '#/$defs/absent' }],
    ['is of an older draft', { $schema: 'http://json-schema.org/draft-07/schema#' }],
    ['is of its own kind', { $schema: 'https://evil.example/meta' }],
    ['has a wrong type', { type: 'text' }],
    ['has a wrong keyword', { required: 'name' }],
    ['leads to a list', { $ref: '#/allOf', allOf: [{}] }],
    ['leads to an id within it', { $ref: '#/$defs/a', $defs: { a: { $id: 'https://example.com/a' } } }],
    ['is larger than 256 KiB', { enum: ['x'.repeat(262_144)] }],
  ])('because it %s is refused', (_why, schema) => {
    expect(() => compileTenantSchema(schema)).toThrow(/.+/)
  })

  test.each<[string, JsonObject]>([
    ['itself', { $ref: '#' }],
    [
      'itself by a detour',
      { $ref: '#/$defs/a', $defs: { a: { allOf: [{ $ref: '#/$defs/b' }] }, b: { not: { $ref: '#/$defs/a' } } } },
    ],
    ['itself for one member only', { properties: { a: { $ref: '#/properties/a' } } }],
    ['its root dynamically', { $dynamicAnchor: 'root', anyOf: [{ $dynamicRef: '#root' }] }],
    ['itself when a member is there', { dependentSchemas: { a: { if: { $ref: '#' } } } }],
    ['itself by a name', { $ref: '#loop', $defs: { a: { $anchor: 'loop', oneOf: [{ $ref: '#loop' }] } } }],
    ['itself by a pointer that is written otherwise', { not: { $ref: '#/%6eot' } }],
  ])('that leads to %s without end is refused', (_what, schema) => {
    expect(() => compileTenantSchema(schema)).toThrow('without end')
  })

  test.each(['minimum', 'maxLength', 'pattern', 'format', 'enum', 'uniqueItems', 'required'])(
    'can’t be made to read its %s from the value',
    (keyword) => {
      const schema = { properties: { a: { [keyword]: { $data: '1/b' } } } }
      expect(() => compileTenantSchema(schema)).toThrow(/.+/)
    },
  )

  test('takes what looks like a reference to the value for what it is: JSON', () => {
    expect(fits({ properties: { a: { const: { $data: '1/b' } } } }, { a: 1, b: 1 })).toBe(false)
  })

  test('with names of an object’s machinery does nothing to objects', () => {
    const schema = JSON.parse(
      '{"properties": {"__proto__": {"type": "string"}, "constructor": {"type": "string"}}}',
    ) as JsonObject
    compileTenantSchema(schema)({ a: 1 })
    expect(({} as Record<string, unknown>)['type']).toBeUndefined()
    expect(fits({ properties: { toString: { type: 'string' } } }, {})).toBe(true)
  })

  test('with code in its names and texts does nothing but check', () => {
    const name = "');globalThis.harmed=true;('"
    const schema = { properties: { [name]: { const: name }, a: { pattern: '\\Q")};harm()//\\E', description: name } } }
    expect(fits(schema, { [name]: name })).toBe(true)
    expect(fits(schema, { [name]: 'x' })).toBe(false)
    expect(globalThis).not.toHaveProperty('harmed')
  })
})
