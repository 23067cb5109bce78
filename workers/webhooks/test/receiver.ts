import { once } from 'node:events'
import { type IncomingHttpHeaders, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One request as a receiver gets it. */
export interface Received {
  id: string
  headers: IncomingHttpHeaders
  body: string
  response: ServerResponse
  path: string
}

export interface Receiver {
  url: string
  received: Received[]
  /** What it does with each request; a test sets it. */
  onRequest: (request: Received) => unknown
  /** How many requests wait for an answer now, and did at most. */
  open(): number
  most(): number
  close(): Promise<void>
}

/** A receiver of webhooks; answers 204 unless a test says otherwise. */
export async function startReceiver(): Promise<Receiver> {
  let open = 0
  let most = 0
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('error', () => undefined)
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      most = Math.max(most, ++open)
      response.on('close', () => open--)
      const { headers, url = '' } = incoming
      const body = Buffer.concat(chunks).toString()
      const request = { id: String(headers['webhook-id']), headers, body, response, path: url }
      receiver.received.push(request)
      receiver.onRequest(request)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received: [],
    onRequest: answer(204),
    open: () => open,
    most: () => most,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  return receiver
}

/** Answers with a status. */
export const answer =
  (status: number, headers: Record<string, string> = {}, body = '') =>
  ({ response }: Received) =>
    response.writeHead(status, headers).end(body)

/** Answers each request as its turn says; the last one goes on. */
export function inTurn(...turns: ((request: Received) => unknown)[]): (request: Received) => unknown {
  let count = 0
  return (request) => turns[Math.min(count++, turns.length - 1)]!(request)
}
