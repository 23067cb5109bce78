import { expect, test } from '@jest/globals'
import { judgeSessions } from '../doctor/checkPooler.ts'

test.each([
  ['Postgres itself', { named: 10, first: 10, second: 11 }, 'ok'],
  ['a pooler that shares after each transaction', { named: 7_001, first: 10, second: 10 }, 'bad'],
  ['a pooler that keeps sessions', { named: 7_001, first: 10, second: 11 }, 'warn'],
])('%s', (_what, sessions, level) => {
  expect(judgeSessions(sessions)).toMatchObject({ subject: 'Pooler', level })
})
