import { describe, expect, test } from '@jest/globals'
import { DatabaseError } from 'pg-protocol'
import { toldError } from '../toldError.ts'

function ofPostgres(code: string, message: string): Error {
  const error = new DatabaseError(message, 100, 'error')
  return Object.assign(error, {
    code,
    severity: 'ERROR',
    detail: 'Failing row contains (canary).',
    where: 'canary',
    table: 'items',
  })
}

const told = (error: unknown) => JSON.stringify(toldError(error))

describe('an error in the log', () => {
  test('is told with its kind, code and place in the code', () => {
    const error = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' })
    expect(toldError(error)).toMatchObject({ type: 'Error', message: error.message, code: 'ECONNREFUSED' })
    expect(told(error)).toContain('toldError.test')
  })

  test.each([
    ['22P02', 'invalid input syntax for type json: "the canary said "hello""'],
    ['22P05', 'unsupported Unicode escape sequence "canary"'],
    ['23505', 'duplicate key value violates unique constraint "canary"'],
    ['P0001', 'no such thing: "canary"'],
  ])('of Postgres, class of %s, is told without what it quotes', (code, message) => {
    expect(told(ofPostgres(code, message))).not.toContain('canary')
    expect(toldError(ofPostgres(code, message))).toMatchObject({ code, about: 'table items' })
  })

  test('of Postgres that names what is missing keeps its name', () => {
    expect(toldError(ofPostgres('42P01', 'relation "runs" does not exist'))).toMatchObject({
      message: 'relation "runs" does not exist',
    })
    expect(told(ofPostgres('42P01', 'relation "runs" does not exist'))).not.toContain('canary')
  })

  test('of broken JSON is told without the JSON', () => {
    for (const text of ['{"a": canary}', '"canary', '[canary]', "{'canary': 1}"]) {
      const error = thrownBy(() => JSON.parse(text))
      expect(told(error)).not.toContain('canary')
    }
  })

  test('is told with its cause, whose members are left out as well', () => {
    const cause = ofPostgres('22P02', 'invalid input: "canary"')
    const error = Object.assign(new Error('outer', { cause }), { request: { body: 'canary' } })
    expect(told(error)).not.toContain('canary')
    expect(toldError(error)).toMatchObject({ message: 'outer', cause: { code: '22P02' } })
  })

  test('with itself for a cause comes to an end', () => {
    const error = new Error('round')
    error.cause = error
    expect(told(error).length).toBeLessThan(100_000)
  })

  test('that is none is told as a text, or only by its kind', () => {
    expect([toldError('a text'), toldError({ token: 'canary' }), toldError(undefined)]).toEqual([
      'a text',
      'object',
      'undefined',
    ])
  })
})

function thrownBy(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
