import { isObject } from '@agentview/contracts'
import { type Socket, io } from 'socket.io-client'
import { refusalIn } from '../clientError.ts'
import type { RequestDefaults } from '../http/sendRequest.ts'
import { pairsOf } from '../options.ts'
import { timing } from '../timing.ts'
import { isEvent, reasonOf } from './sseTransport.ts'
import type { Ending, Reader, Reading, Transport } from './transport.ts'

/**
 * Socket.IO over a WebSocket. Reconnects by our own way and not by the library's, so that every connection is a new one
 * with the cursor and a good token in it. Headers go along only where the platform lets them (not in browsers).
 */
export function socketTransport(defaults: RequestDefaults): Transport {
  return {
    name: 'socket',
    async read(reading, reader) {
      const { origin, path } = defaults.address
      const { token, key } = reading
      const socket = io(`${origin}/client`, {
        path: `${path}/socket.io`,
        auth: { token, ...(key !== null && { key }) },
        query: { ...pairsOf(defaults.params) },
        extraHeaders: { ...pairsOf(defaults.headers) },
        transports: ['websocket'],
        reconnection: false,
        forceNew: true,
        timeout: timing.connect,
      })
      try {
        return await new Promise((end) => listen(socket, reading, reader, end))
      } finally {
        // Nothing that was under way may arrive after we have said that it ended.
        socket.off('event')
        socket.disconnect()
      }
    },
  }
}

function listen(socket: Socket, reading: Reading, reader: Reader, end: (ending: Ending) => void): void {
  const { sessionId, after, signal } = reading
  let { token } = reading
  const lost = (why: string) => end({ kind: 'lost', why })
  if (signal.aborted) return lost('nobody reads any more')
  signal.addEventListener('abort', () => lost('nobody reads any more'))
  socket.on('connect_error', (error: Error & { data?: unknown }) => {
    const refusal = refusalIn({ error: error.data ?? null })
    if (refusal) end({ kind: 'refused', error: refusal })
    else lost(error.message)
  })
  socket.on('disconnect', lost)
  // A transport that closes before the namespace is connected is told by the engine alone.
  socket.io.on('close', lost)
  socket.on('cut', (cut: unknown) => {
    if (!isObject(cut) || cut.sessionId === undefined || cut.sessionId === sessionId)
      end({ kind: 'cut', reason: reasonOf(cut) })
  })
  socket.on('event', (event: unknown) => {
    if (isEvent(event) && event.sessionId === sessionId) reader.event(event)
  })
  socket.on('token_expiring', () => {
    void reader.renew(token).then((renewed) => {
      if (renewed === null || !socket.connected) return
      token = renewed
      socket.emit('auth', { token: renewed, ...(reading.key !== null && { key: reading.key }) })
    })
  })
  socket.on('connect', () => {
    socket.timeout(timing.connect).emit('subscribe', { sessionId, after }, (error: Error | null, answer: unknown) => {
      const refusal = refusalIn(answer)
      if (error) lost('the subscription was not answered')
      else if (refusal) end({ kind: 'refused', error: refusal })
      else reader.opened()
    })
  })
}
