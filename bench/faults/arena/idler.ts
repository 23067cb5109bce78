import { type Socket, connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A client that asks for a session's events and, once it is answered, never reads one. */
export interface Idler {
  /** Reads what is there; gives how many bytes came before the server's end of the connection, null while it has none. */
  wake(withinMs: number): Promise<number | null>
  close(): void
}

/** Connects straight to a node: nothing between takes what the client won't. */
export async function startIdler(url: string, token: string, sessionId: string, after: number): Promise<Idler> {
  const { hostname, port } = new URL(url)
  const socket: Socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  await new Promise((resolve) => socket.once('connect', resolve))
  const head = [
    `GET /v1/sessions/${sessionId}/events?after=${after} HTTP/1.1`,
    `Host: ${hostname}:${port}`,
    `Authorization: Bearer ${token}`,
    'Accept: text/event-stream',
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  // The answer's head: from then on it is told what happens.
  await new Promise((resolve) => socket.once('data', resolve))
  socket.pause()
  return {
    async wake(withinMs) {
      let bytes = 0
      const closed = new Promise<number>((resolve) => socket.once('close', () => resolve(bytes)))
      socket.on('data', (chunk: Buffer) => (bytes += chunk.length)).resume()
      return socket.closed ? bytes : Promise.race([closed, sleep(withinMs, null, { ref: false })])
    },
    close: () => void socket.destroy(),
  }
}
