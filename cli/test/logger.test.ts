import { expect, test } from '@jest/globals'
import { errorWithoutData } from '../logger.ts'

test('an error is told without the rows that Postgres quotes and the command that was sent to Redis', () => {
  const refused = Object.assign(new Error('duplicate key'), { code: '23505', detail: 'Key (body)=(canary) exists.' })
  const sent = Object.assign(new Error('OOM', { cause: refused }), { command: { name: 'publish', args: ['canary'] } })
  const told = errorWithoutData(sent)
  expect(told).toMatchObject({ message: 'OOM', cause: { message: 'duplicate key', code: '23505' } })
  expect(JSON.stringify(told)).not.toContain('canary')
})

test('what was thrown and is no error is told by its type only', () => {
  expect(errorWithoutData('canary')).toEqual({ type: 'string' })
})
