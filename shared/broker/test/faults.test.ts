import { createReporter, plainError } from '../faults.ts'

test('an error that is passed on carries no command, and so no password and no message', () => {
  const error = Object.assign(new Error('ERR\nbroken'), { command: { name: 'auth', args: ['canary'] } })
  const plain = plainError(error, 'Redis: ')
  expect(plain.message).toBe('Redis: ERR broken')
  expect(JSON.stringify({ ...plain, cause: plain.cause })).toBe('{}')
})

test('an error without a message is told by its code', () => {
  expect(plainError(Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' })).message).toBe('ECONNREFUSED')
})

test('an error that comes again and again is reported once, others are too', () => {
  const reported: string[] = []
  const report = createReporter((error, where) => reported.push(`${where}: ${error.message}`))
  for (let time = 0; time < 3; time++) {
    report(new Error('refused'), 'here')
    report(new Error('refused'), 'there')
  }
  report('a string', 'here')
  expect(reported).toEqual(['here: refused', 'there: refused', 'here: a string'])
})
