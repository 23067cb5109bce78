import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { compareVersions, nextDevVersion, parseVersion, versionForRun, reportedMajor } from '../versions.ts'

describe('parseVersion', () => {
  test('reads the parts', () => {
    expect(parseVersion('1.20.3')).toEqual({ major: 1, minor: 20, patch: 3, dev: 0 })
    expect(parseVersion('0.0.0-dev.12')).toEqual({ major: 0, minor: 0, patch: 0, dev: 12 })
  })

  test.each([
    ...['', '1', '1.2', '1.2.3.4', 'v1.2.3', '01.2.3', '1.2.3-beta', '1.2.3-dev', '1.2.3-dev.0', '1.2.3-dev.01'],
    ...['1.2.3+build', ' 1.2.3', '1.2.3\n', '-1.2.3', '1.2.3-dev.1.2', '9999999.0.0'],
  ])('%j is no version', (text) => {
    expect(parseVersion(text)).toBeNull()
  })
})

describe('compareVersions', () => {
  test('a list in order stays in order; a dev version comes after the one it was made from', () => {
    const ordered = [
      '0.9.9',
      '1.0.0',
      '1.0.0-dev.1',
      '1.0.0-dev.2',
      '1.0.0-dev.10',
      '1.0.1',
      '1.2.0',
      '1.10.0',
      '2.0.0',
    ]
    const shuffled = fc.shuffledSubarray(ordered, { minLength: ordered.length })
    fc.assert(
      fc.property(shuffled, (versions) => {
        expect(versions.toSorted((a, b) => compareVersions(parseVersion(a)!, parseVersion(b)!))).toEqual(ordered)
      }),
    )
  })
})

describe('versionForRun', () => {
  test.each<[string, string | null, string]>([
    ['1.2.0', null, '1.2.0'],
    ['1.2.0', '1.2.0', '1.2.0'],
    ['1.3.0', '1.2.0', '1.3.0'],
    ['1.2.0-dev.1', '1.2.0', '1.2.0-dev.1'],
    ['1.2.0-dev.2', '1.2.0-dev.1', '1.2.0-dev.2'],
    ['1.1.0', '1.2.0', '1.2.0'],
    ['1.2.0', '1.2.0-dev.1', '1.2.0-dev.1'],
    ['2.0.0', '1.2.0', '1.2.0'],
    ['1.9.0', '2.0.0', '2.0.0'],
    ['nightly', '1.2.0', 'nightly'],
    ['1.2.0', 'nightly', '1.2.0'],
  ])('%s is active, the last run used %s: %s', (active, last, expected) => {
    expect(versionForRun(active, last)).toBe(expected)
  })
})

describe('nextDevVersion', () => {
  test.each<[string, string[], string]>([
    ['1.2.0', ['1.2.0'], '1.2.0-dev.1'],
    ['1.2.0', ['1.2.0', '1.2.0-dev.1', '1.2.0-dev.2'], '1.2.0-dev.3'],
    ['1.2.0', ['1.2.0', '1.2.0-dev.9', '1.2.0-dev.10'], '1.2.0-dev.11'],
    ['1.2.0', ['1.2.0', '1.2.1-dev.7'], '1.2.0-dev.1'],
    ['1.2.0-dev.1', ['1.2.0', '1.2.0-dev.1'], '1.2.0-dev.2'],
  ])('after %s, given %j: %s', (version, existing, expected) => {
    expect(nextDevVersion(version, existing)).toBe(expected)
  })
})

test.each([
  ['1.4.0', 1],
  ['v2.0.0', 2],
  ['3.1.4-beta.2+build.7', 3],
  ['0.1.0', 0],
  ['2026-12-01', null],
  ['main', null],
  ['1.2', null],
  ['01.2.3', null],
  ['', null],
])('an agent app that says it is "%s" has the major %s', (text, major) => {
  expect(reportedMajor(text)).toBe(major)
})
