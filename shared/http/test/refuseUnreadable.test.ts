import { type Server, createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { refuseUnreadable } from '../refuseUnreadable.ts'

let server: Server
let port: number
beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/stream') response.write('begun')
    else request.resume().on('end', () => response.end('read'))
  })
  refuseUnreadable(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
afterAll(() => void server.close())

/** All that comes until the server ends the connection. */
async function send(...parts: string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  const ended = new Promise<string>((resolve) => {
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(text))
  })
  for (const part of parts) {
    const before = text
    socket.write(part, 'latin1')
    // Each part is answered before the next one is sent, but the last.
    while (part !== parts.at(-1) && text === before) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return ended
}

test.each([
  ['no request at all', 'hello\r\n\r\n', 400, 'invalid_request'],
  ['NUL in a header', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\u0000b\r\n\r\n', 400, 'invalid_request'],
  ['CR alone in a header', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\rSet-Cookie: b\r\n\r\n', 400, 'invalid_request'],
  ['a space in a header’s name', 'GET / HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n', 400, 'invalid_request'],
  [
    'two lengths',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx',
    400,
    'invalid_request',
  ],
  [
    'a chunk without a size',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    400,
    'invalid_request',
  ],
  ['headers of 20 kB', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
])('%s is refused in the one shape of errors', async (_what, bytes, status, code) => {
  const [head, body] = (await send(bytes)).split('\r\n\r\n')
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  const { error } = JSON.parse(body!) as { error: { requestId: string } }
  expect(error).toEqual({ code, message: expect.any(String), requestId: expect.stringMatching(/^req_[0-9a-z]{26}$/) })
  expect(head).toContain(`X-Request-Id: ${error.requestId}`)
})

test('an expectation that nobody knows is passed over', async () => {
  expect(await send('GET / HTTP/1.1\r\nHost: a\r\nExpect: something\r\nConnection: close\r\n\r\n')).toMatch(
    /^HTTP\/1\.1 200 [\s\S]*read/,
  )
})

test('garbage behind a whole request doesn’t spoil its answer', async () => {
  const text = await send('GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'garbage\r\n\r\n')
  expect(text).toMatch(/^HTTP\/1\.1 200 [\s\S]*read[\s\S]*HTTP\/1\.1 400 /)
})

test('garbage behind a stream’s request writes nothing into the stream', async () => {
  const text = await send('GET /stream HTTP/1.1\r\nHost: a\r\n\r\n', 'garbage\r\n\r\n')
  expect(text).toContain('begun')
  expect(text).not.toContain('invalid_request')
})
