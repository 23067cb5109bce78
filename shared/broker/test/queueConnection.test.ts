import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, test } from '@jest/globals'
import { QueueConnection } from '../postgres/queueBackend.ts'

/** A message of Postgres' protocol: its type, its length, its body. */
function message(type: string, body: string | Buffer): Buffer {
  const content = Buffer.from(body)
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(content.length + 4, 1)
  return Buffer.concat([head, content])
}

const AUTHENTICATED = message('R', Buffer.alloc(4))
const READY = message('Z', 'I')
const ENDED = message('E', 'SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0')

test('a connection that listens may be ended with the very packet in which it is ready', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.write(Buffer.concat([AUTHENTICATED, READY, ENDED])))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const connection = new QueueConnection({ connectionString: `postgres://someone:x@127.0.0.1:${port}/any` })
  connection.on('error', () => undefined)
  const uncaught: unknown[] = []
  const note = (error: unknown) => void uncaught.push(error)
  process.on('uncaughtException', note)
  try {
    await connection.getListenClient()
    await new Promise(setImmediate)
    expect(uncaught).toEqual([])
  } finally {
    process.off('uncaughtException', note)
    server.close()
    await connection.close()
  }
})
