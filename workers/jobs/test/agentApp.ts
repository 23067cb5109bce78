import { once } from 'node:events'
import { type IncomingHttpHeaders, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AgentRequest } from '@shared/contracts/agentApi'
import type { JsonObject } from '@shared/domain/json'

/** One call of an agent app, as the app sees it. */
export interface AgentCall {
  request: AgentRequest
  headers: IncomingHttpHeaders
  body: string
  /** Streams a frame; the first one begins the answer. */
  send(name: string, data?: object): void
  text(delta: string): void
  done(): void
  /** Answers in one piece. */
  answer(items: JsonObject[], more?: object): void
  status(code: number, text?: string, headers?: Record<string, string>): void
  response: ServerResponse
  /** The worker has closed the connection before the answer had ended. */
  broken: boolean
}

export interface AgentApp {
  url: string
  calls: AgentCall[]
  /** What it does with each call; a test sets it. */
  onCall: (call: AgentCall) => unknown
  /** How many calls are open now, and were at most. */
  open(): number
  close(): Promise<void>
}

/** An agent app whose behaviour each test writes itself. */
export async function startAgentApp(): Promise<AgentApp> {
  let open = 0
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const call = newCall(Buffer.concat(chunks).toString(), incoming.headers, response)
      app.calls.push(call)
      open++
      response.on('close', () => {
        open--
        call.broken = !response.writableFinished
      })
      app.onCall(call)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const app: AgentApp = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/agent`,
    calls: [],
    onCall: (call) => call.answer([{ type: 'message', role: 'assistant', content: 'hello' }]),
    open: () => open,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  return app
}

function newCall(body: string, headers: IncomingHttpHeaders, response: ServerResponse): AgentCall {
  const call: AgentCall = {
    request: JSON.parse(body),
    headers,
    body,
    response,
    broken: false,
    send(name, data = {}) {
      if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
    },
    text: (delta) => call.send('text', { delta }),
    done() {
      call.send('done')
      response.end()
    },
    answer(items, more = {}) {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ items, ...more }))
    },
    status(code, text = '', headers = {}) {
      response.writeHead(code, headers)
      response.end(text)
    },
  }
  return call
}
