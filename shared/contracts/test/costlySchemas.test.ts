import { describe, expect, test } from '@jest/globals'
import type { Json, JsonObject } from '@shared/domain/json'
import { compileAlternatives, compileTenantSchema } from '../tenantSchemas.ts'

const TOO_LONG = [{ path: '', message: 'takes too long to be checked against the schema' }]

/** Without the limits each of these would take from minutes to longer than the universe: Jest's timeout is the check. */
function expectBounded(schema: JsonObject, value: Json): void {
  expect(compileTenantSchema(schema)(value)).toEqual(TOO_LONG)
}

const chainOf = (keyword: string, length: number): JsonObject => ({
  $ref: '#/$defs/d0',
  $defs: Object.fromEntries([
    ...Array.from({ length }, (_, index): [string, Json] => [
      `d${index}`,
      { [keyword]: [{ $ref: `#/$defs/d${index + 1}` }, { $ref: `#/$defs/d${index + 1}` }] },
    ]),
    [`d${length}`, keyword === 'allOf' ? true : { const: 'never' }],
  ]),
})

describe('a check ends', () => {
  test.each(['allOf', 'anyOf', 'oneOf'])('though its parts lead to twice as many by %s, forty times', (keyword) => {
    expectBounded(chainOf(keyword, 40), {})
  })

  test('though each level of the value is checked twice', () => {
    const twice: JsonObject = {
      anyOf: [
        { allOf: [{ properties: { a: { $ref: '#' } } }, { required: ['never'] }] },
        { allOf: [{ properties: { a: { $ref: '#' } } }, { required: ['nor'] }] },
      ],
    }
    let deep: JsonObject = {}
    for (let level = 0; level < 60; level++) deep = { a: deep }
    expectBounded(twice, deep)
  })

  test('though each element is compared with a huge enum', () => {
    const many = Array.from({ length: 30_000 }, (_, index) => index + 1_000_000)
    const list = Array.from({ length: 100_000 }, () => many.at(-1)!)
    expectBounded({ items: { enum: many } }, list)
  })

  test('though each object is asked for thousands of members', () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `name${index}`)
    const objects = Array.from({ length: 80_000 }, () => ({}))
    expectBounded({ items: { not: { required: names } } }, objects)
    expectBounded({ items: { properties: Object.fromEntries(names.map((name) => [name, true])) } }, objects)
  })

  test('though a pattern has thousands of steps, and though there are thousands of patterns', () => {
    const words = Array.from({ length: 600 }, (_, index) => `${'a'.repeat(index % 50)}${index}`)
    expectBounded({ pattern: words.join('|') }, 'a'.repeat(250_000))
    const patterns = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`^k${index}$`, false]))
    const members = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`m${index}`, 1]))
    expectBounded({ patternProperties: patterns }, members)
  })

  test('though a large object is counted again and again', () => {
    const members = Object.fromEntries(Array.from({ length: 30_000 }, (_, index) => [`m${index}`, 1]))
    expectBounded({ items: { allOf: Array.from({ length: 400 }, () => ({ maxProperties: 99_999 })) } }, [
      members,
      members,
      members,
    ])
  })
})

describe('what each part does is paid for', () => {
  const LETTERS = 'a@'.repeat(120_000)
  const many = (part: JsonObject): JsonObject => ({ allOf: Array.from({ length: 400 }, () => part) })

  test('a long text that is compared with many formats, or counted many times', () => {
    expectBounded(many({ not: { format: 'email' } }), LETTERS)
    expectBounded(many({ minLength: 1 }), LETTERS)
    expectBounded({ items: many({ not: { format: 'json-pointer' } }) }, [LETTERS, LETTERS])
  })

  test('a long list that is searched for doubles many times', () => {
    const list = Array.from({ length: 20_000 }, (_, index) => index)
    expectBounded(many({ uniqueItems: true }), list)
    expectBounded(
      { items: { uniqueItems: true } },
      Array.from({ length: 400 }, () => list),
    )
  })

  test('a long list whose elements have many branches', () => {
    const anyOf = Array.from({ length: 400 }, (_, index) => ({
      properties: { kind: { const: index } },
      required: ['a'],
    }))
    expectBounded(
      { items: { anyOf } },
      Array.from({ length: 20_000 }, () => ({ kind: 399, a: 1 })),
    )
  })

  test('a list that is searched by `contains`, nested', () => {
    const list = Array.from({ length: 3_000 }, () => Array.from({ length: 3_000 }, () => 0))
    expectBounded({ contains: { contains: { const: 1 } } }, list)
  })

  test('a small value that costs much: less than a large one may', () => {
    const check = compileTenantSchema(chainOf('allOf', 14))
    expect(check({})).toEqual(TOO_LONG)
    expect(check({ a: 'x'.repeat(20_000) })).toBeNull()
  })

  test('several schemas for one value, together', () => {
    const schemas = Array.from({ length: 30 }, () => chainOf('anyOf', 11))
    expect(compileTenantSchema(schemas[0]!)({})).not.toEqual(TOO_LONG)
    expect(compileAlternatives(schemas)({})).toEqual(TOO_LONG)
    expect(compileAlternatives([...schemas.slice(0, 2), {}])({})).toBeNull()
  })

  test('what stands where no keyword is', () => {
    const chain = chainOf('anyOf', 40)
    const hidden = (reference: string) => `#/x${reference.slice('#/$defs'.length)}`
    const moved = JSON.parse(
      JSON.stringify({ ...chain, x: chain.$defs, $defs: {} }).replaceAll(/#\/\$defs\/\w+/g, hidden),
    ) as JsonObject
    expect(() => compileTenantSchema(moved)).toThrow('leads to no schema')
    const named = { $ref: '#d', x: { $anchor: 'd', anyOf: [{ const: 1 }] } }
    expect(() => compileTenantSchema(named)).toThrow('leads to no schema')
    expect(() => compileTenantSchema({ $ref: '#/const', const: { anyOf: [true] } })).toThrow('leads to no schema')
  })

  test('what the value’s members depend on', () => {
    const text = 'a'.repeat(200_000)
    const parts = Array.from({ length: 400 }, () => ({ properties: { a: { not: { format: 'email' } } } }))
    expectBounded({ dependencies: { a: { allOf: parts } } }, { a: text })
  })
})

describe('what is only large', () => {
  test('is checked to its end', () => {
    const row = {
      type: 'object',
      properties: {
        id: { type: 'integer', minimum: 0 },
        name: { type: 'string', pattern: '^[a-z ]+$', maxLength: 50 },
      },
      required: ['id', 'name'],
      additionalProperties: false,
    }
    const rows: JsonObject[] = Array.from({ length: 6_000 }, (_, id) => ({ id, name: 'somebody or other' }))
    const check = compileTenantSchema({ type: 'array', items: row })
    expect(JSON.stringify(rows).length).toBeGreaterThan(200_000)
    expect(check(rows)).toBeNull()
    expect(check([...rows, { id: -1, name: 'x' }])).toEqual([{ path: '/6000/id', message: 'must be >= 0' }])
    expect(compileTenantSchema({ pattern: '^[^<>]*$' })('x'.repeat(250_000))).toBeNull()
  })

  test('may be wanted to have no element twice, whatever the elements are', () => {
    const check = compileTenantSchema({ type: 'array', uniqueItems: true })
    const elements = Array.from({ length: 80_000 }, (_, index) => ({ index }))
    expect(check(elements)).toBeNull()
    expect(check([...elements, { index: 7 }])).toEqual([{ path: '', message: 'must NOT have duplicate items' }])
    expect(
      check([
        { a: 1, b: [2] },
        { b: [2], a: 1 },
      ]),
    ).not.toBeNull()
    expect(check([1, '1', true, null, [1], { a: 1 }, {}, [], 'null'])).toBeNull()
    expect(compileTenantSchema({ uniqueItems: false })([1, 1])).toBeNull()
  })

  test('costs the next check nothing', () => {
    const check = compileTenantSchema(chainOf('allOf', 40))
    for (let times = 0; times < 3; times++) expect(check({})).toEqual(TOO_LONG)
    const cheap = compileTenantSchema({ items: { type: 'integer' } })
    for (let times = 0; times < 20; times++) expect(cheap(Array.from({ length: 50_000 }, () => 1))).toBeNull()
  })
})

test.each([
  'email',
  'uri',
  'uri-reference',
  'uri-template',
  'url',
  'hostname',
  'ipv4',
  'ipv6',
  'date-time',
  'iso-date-time',
  'duration',
  'json-pointer',
  'relative-json-pointer',
  'uuid',
  'regex',
  'byte',
  'time',
  'date',
])('no text takes long to be compared with the format %s', (format) => {
  const check = compileTenantSchema({ format })
  for (const part of [
    'a',
    'a.',
    'a-',
    '1',
    '1:',
    ':',
    '/',
    'a@',
    '%20',
    '{',
    '{a}',
    '~0',
    'P1',
    '[',
    '(a',
    'a=',
    'http://a',
    'http://a@',
  ])
    for (const tail of ['', '!', '\u0000', ' ']) check(part.repeat(Math.floor(60_000 / part.length)) + tail)
})
