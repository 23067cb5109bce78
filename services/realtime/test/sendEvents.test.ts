import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { Server, type Socket } from 'socket.io'
import { type Socket as Client, io } from 'socket.io-client'
import type { SessionEvent } from '@shared/domain/events'
import { LogEntry } from '@shared/domain/logEntry'
import { eventually } from '../../../test/server/eventually.ts'
import { sendEvents } from '../sendEvents.ts'

let server: Server
let url: string
const clients: Client[] = []

beforeEach(async () => {
  const http = createServer()
  server = new Server(http)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/client`
})

afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect()
  await server.close()
})

/** Both ends of a connection, and what its client receives: packets as they came over the wire, and events. */
async function connect(transport: 'websocket' | 'polling') {
  const connected = new Promise<Socket>((resolve) => server.of('/client').once('connection', resolve))
  const client = io(url, { transports: [transport], forceNew: true, reconnection: false })
  clients.push(client)
  const packets: unknown[] = []
  const received: SessionEvent[] = []
  client.on('event', (event: SessionEvent) => received.push(event))
  const socket = await connected
  await eventually(() => client.connected)
  client.io.engine.on('packet', ({ type, data }: { type: string; data?: unknown }) => {
    if (type === 'message') packets.push(data)
  })
  return { socket, packets, received }
}

const entry = (seq: number, data: string) =>
  LogEntry.of({ seq, type: 'custom', sessionId: 'ses_x', at: '', data: { name: 'n', data } })
// Each length of a frame's header, its borders, and text of several bytes a character.
const ENTRIES = ['', 'é🎈\u2028"\\\n', ...[0, 1, 2, 3].map((more) => 'x'.repeat(30 + more)), 'x'.repeat(70_000)]
  .concat([65_420, 65_430, 65_440].map((length) => 'y'.repeat(length)))
  .map((data, index) => entry(index + 1, data))

describe.each(['websocket', 'polling'] as const)('over %s', (transport) => {
  test('events are the packets that Socket.IO itself sends, byte for byte', async () => {
    const { socket, packets, received } = await connect(transport)
    for (const { event } of ENTRIES) socket.emit('event', event)
    await eventually(() => received.length === ENTRIES.length)
    const theirs = packets.splice(0)
    sendEvents(socket.conn, ENTRIES)
    for (const one of ENTRIES) sendEvents(socket.conn, [one])
    await eventually(() => received.length === 3 * ENTRIES.length)
    expect(packets).toEqual([...theirs, ...theirs])
    expect(received.slice(ENTRIES.length)).toEqual([...ENTRIES, ...ENTRIES].map(({ event }) => event))
  })

  test('events keep their place among what is sent otherwise', async () => {
    const { socket, packets, received } = await connect(transport)
    for (const [index, one] of ENTRIES.entries()) {
      socket.emit('other', index)
      sendEvents(socket.conn, [one])
    }
    await eventually(() => received.length === ENTRIES.length)
    const expected = ENTRIES.flatMap(({ text }, index) => [`2/client,["other",${index}]`, `2/client,["event",${text}]`])
    expect(packets).toEqual(expected)
  })
})

test('events that are shared by many sockets reach each of them', async () => {
  const ends = [await connect('websocket'), await connect('websocket'), await connect('polling')]
  for (const { socket } of ends) sendEvents(socket.conn, ENTRIES)
  for (const { received } of ends) {
    await eventually(() => received.length === ENTRIES.length)
    expect(received).toEqual(ENTRIES.map(({ event }) => event))
  }
})
