import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { changed } from '../faults/sabotage/mutation.ts'
import { MUTATIONS } from '../faults/sabotage/mutations.ts'
import { INVARIANTS } from '../faults/checker/violation.ts'
import { CI_ROWS, ROWS } from '../faults/rows/catalogue.ts'

const ROOT = path.join(import.meta.dirname, '..', '..')

describe('each sabotage', () => {
  test.each(MUTATIONS.map((mutation) => [mutation.name, mutation] as const))(
    '%s still applies to the sources, and rows are there to catch it',
    async (_name, { rows, changes }) => {
      const sources = new Map<string, string>()
      for (const change of changes) {
        const source = sources.get(change.file) ?? (await readFile(path.join(ROOT, change.file), 'utf8'))
        sources.set(change.file, changed(source, change))
      }
      const known = ROWS.map(({ number }) => number)
      expect(known).toEqual(expect.arrayContaining([...rows]))
    },
  )

  test('that no longer applies says where', () => {
    const change = { file: 'a.ts', from: 'guard()', to: '' }
    expect(() => changed('nothing', change)).toThrow('a.ts has 0 × "guard()", the sabotage expects 1')
    expect(() => changed('guard() guard()', change)).toThrow('a.ts has 2 ×')
  })
})

test('CI strikes rows of every promise', () => {
  const struck = ROWS.filter(({ number }) => CI_ROWS.includes(number))
  expect(struck.map(({ number }) => number).toSorted((a, b) => a - b)).toEqual(CI_ROWS.toSorted((a, b) => a - b))
  // A clock that is wrong (I10) is a row of its own, and no quick one.
  const promised = INVARIANTS.filter((invariant) => invariant !== 'I10')
  expect(new Set(struck.flatMap(({ invariants }) => invariants))).toEqual(new Set(promised))
})
