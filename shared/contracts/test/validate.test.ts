import { describe, expect, test } from '@jest/globals'
import { Type } from 'typebox'
import { closed, id, page } from '../objects.ts'
import { checkOf } from '../validate.ts'

const detailOf = (schema: Parameters<typeof checkOf>[0], value: unknown) => {
  const result = checkOf(schema)(value)
  return result.ok ? null : result.details[0]
}

describe('a check', () => {
  test('gives the value itself when it fits', () => {
    const value = { a: 1 }
    const result = checkOf(closed({ a: Type.Number() }))(value)
    expect(result).toEqual({ ok: true, value })
    expect(result.ok && result.value).toBe(value)
  })

  test('says for a person what is wrong and where', () => {
    const schema = closed({ a: Type.Optional(Type.Enum(['x', 'y'])), b: Type.Optional(Type.Literal(5)), c: closed({}) })
    expect(detailOf(schema, {})).toEqual({ path: '', message: 'lacks the member "c"' })
    expect(detailOf(schema, { c: {}, d: 1 })).toEqual({ path: '', message: 'has the unknown member "d"' })
    expect(detailOf(schema, { c: {}, a: 'z' })).toEqual({ path: '/a', message: 'must be one of ["x","y"]' })
    expect(detailOf(schema, { c: {}, b: 6 })).toEqual({ path: '/b', message: 'must be 5' })
    expect(detailOf(schema, { c: { e: 1 } })).toEqual({ path: '/c', message: 'has the unknown member "e"' })
  })

  test('does not repeat a long list of what was allowed', () => {
    const long = Type.Enum(Array.from({ length: 1_000 }, (_, index) => `value${index}`))
    expect(detailOf(long, 'x')!.message.length).toBeLessThan(600)
  })

  test('reads numbers from text only where it is told to', () => {
    const schema = closed({ n: Type.Integer() })
    expect(checkOf(schema)({ n: '5' }).ok).toBe(false)
    expect(checkOf(schema, { coerce: true })({ n: '5' })).toEqual({ ok: true, value: { n: 5 } })
    for (const n of ['', 'x', '1.5', ['1', '2']]) expect(checkOf(schema, { coerce: true })({ n }).ok).toBe(false)
  })

  test('takes no member that is there by nature for one that is given', () => {
    expect(detailOf(closed({ a: Type.Optional(Type.String()) }), JSON.parse('{"toString": 1}'))).toEqual({
      path: '',
      message: 'has the unknown member "toString"',
    })
  })
})

test('an id is of its kind, in small letters, and of 128 bits', () => {
  const check = checkOf(id('run'))
  expect(check('run_01jd0000000000000000000000').ok).toBe(true)
  for (const wrong of [
    'ses_01jd0000000000000000000000',
    'run_01jd000000000000000000000',
    'run_01jd00000000000000000000000',
    'run_81jd0000000000000000000000',
    'run_01jd000000000000000000000u',
    'RUN_01JD0000000000000000000000',
    'run_01jd0000000000000000000000\n',
    '',
    null,
  ])
    expect(check(wrong).ok).toBe(false)
})

test('a page has its rows and a cursor, which may be null', () => {
  const check = checkOf(page(Type.Integer()))
  expect(check({ data: [1], nextCursor: null }).ok).toBe(true)
  expect(check({ data: [], nextCursor: 'x' }).ok).toBe(true)
  expect(check({ data: ['x'], nextCursor: null }).ok).toBe(false)
  expect(check({ data: [] }).ok).toBe(false)
})
