import { parsePostmaster } from '../embedded/postmaster.ts'

/** The lines that Postgres has written so far, from the first on. */
const LINES = ['4711', '/data', '1760000000', '5433', '', '127.0.0.1', '  123  456', 'ready   ']

test.each([
  ['a server that accepts connections', LINES, { pid: 4711, port: 5433, status: 'ready' }],
  ['one that has written only its pid', LINES.slice(0, 1), { pid: 4711, port: null, status: 'starting' }],
  ['one that starts or recovers', [...LINES.slice(0, 7), 'starting'], { pid: 4711, port: 5433, status: 'starting' }],
  ['one that shuts down', [...LINES.slice(0, 7), 'stopping'], { pid: 4711, port: 5433, status: 'stopping' }],
  ['an empty file', [''], null],
  ['a negative pid, of a single-user backend', ['-4711'], null],
])('postmaster.pid of %s', (_case, lines, expected) => {
  expect(parsePostmaster(lines.join('\n'))).toEqual(expected)
})
