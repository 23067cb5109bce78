import { duration, shortTime } from '../ui/formatTime.ts'
import { matchKeys, nameOf } from '../ui/keys.ts'
import { costText, usageText } from '../pages/session/usageText.ts'
import { queryString } from '../api/request.ts'

const NOW = Date.parse('2026-12-01T12:00:00Z')

test.each([
  [0, 'now'],
  [59_000, 'now'],
  [60_000, '1 min'],
  [59 * 60_000 + 59_000, '59 min'],
  [3_600_000, '1 h'],
  [-5_000, 'now'],
])('%d ms ago is "%s"', (age, text) => {
  expect(shortTime(new Date(NOW - age).toISOString(), NOW, 'en')).toBe(text)
})

test('older times are dates, with the year when it is another one; what is no time is a dash', () => {
  expect(shortTime('2026-10-03T12:00:00Z', NOW, 'en-GB')).toBe('3 Oct')
  expect(shortTime('2024-10-03T12:00:00Z', NOW, 'en-GB')).toBe('3 Oct 2024')
  expect(shortTime('soon', NOW)).toBe('–')
})

test.each([
  [-3, '0 ms'],
  [999, '999 ms'],
  [2_400, '2.4 s'],
  [59_900, '60 s'],
  [239_900, '3 min 59 s'],
  [7_199_000, '1 h 59 min'],
])('%d ms lasts "%s"', (ms, text) => {
  expect(duration(ms)).toBe(text)
})

test('a small cost keeps the digits that count', () => {
  expect([0, 0.00213, 0.0000456, 1.5].map(costText)).toEqual(['$0.00', '$0.0021', '$0.000046', '$1.50'])
  expect(usageText({ inputTokens: 1_203, outputTokens: 40 })).toBe('1,243 tokens')
  expect(usageText({})).toBe('')
})

test('keys by their names: Ctrl and Command are one, with Alt it is something else', () => {
  const press = (key: string, held: Partial<Record<'ctrlKey' | 'metaKey' | 'altKey', boolean>> = {}) =>
    nameOf({ key, ctrlKey: false, metaKey: false, altKey: false, ...held })
  expect([
    press('j'),
    press('K', { metaKey: true }),
    press('k', { ctrlKey: true }),
    press('?'),
    press('Escape'),
  ]).toEqual(['j', 'mod+k', 'mod+k', '?', 'Escape'])
  expect(press('j', { altKey: true })).toBeNull()
})

test.each([
  ['g', 'begun'],
  ['g s', 'whole'],
  ['g x', 'none'],
  ['j', 'whole'],
  ['', 'none'],
])('the presses "%s" are %s', (pressed, match) => {
  expect(matchKeys(pressed, ['j', 'g s', 'g i'])).toBe(match)
})

test('what is absent is not asked for; a list repeats its name', () => {
  expect(queryString({ a: 1, b: null, c: undefined, d: '', e: ['x', 'y z'], f: false })).toBe('?a=1&e=x&e=y+z&f=false')
  expect(queryString({})).toBe('')
})
