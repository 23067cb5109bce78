import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ServeOptions, type ServeSettings, answerCall, settled } from './answerCall.ts'
import type { Agent } from './defineAgent.ts'
import { readBody } from './readBody.ts'

/** For `createServer(…)` of node:http and for a route of Express. Never rejects. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/**
 * Serves an agent with node:http or Express. In Express it stands before `express.json()`, or behind
 * `express.raw({ type: '*\/*' })`: what is signed are the bytes.
 *
 * @example
 * createServer(toNodeHandler(agent, { secret: process.env.AGENTVIEW_SIGNING_SECRET })).listen(4100)
 * app.post('/agent', toNodeHandler(agent, { secret }))
 */
export function toNodeHandler(agent: Agent, options: ServeOptions): NodeHandler {
  const settings = settled(options)
  return async (request, response) => {
    const gone = new AbortController()
    response.once('close', () => {
      if (!response.writableFinished) gone.abort()
    })
    try {
      await serve(agent, request, response, settings, gone.signal)
    } catch (error) {
      if (!gone.signal.aborted) settings.onError(error)
      response.destroy()
    }
  }
}

async function serve(
  agent: Agent,
  request: IncomingMessage,
  response: ServerResponse,
  settings: ServeSettings,
  signal: AbortSignal,
): Promise<void> {
  const call = {
    method: request.method ?? '',
    headers: request.headers,
    accept: request.headers.accept ?? '',
    readBody: () => bodyOf(request, settings.maxBodyBytes),
    signal,
  }
  const { status, headers, body } = await answerCall(agent, call, settings)
  if (signal.aborted) return
  response.writeHead(status, headers)
  if (typeof body === 'string') return void response.end(body)
  response.flushHeaders()
  for await (const chunk of body) {
    if (!response.write(chunk) && !signal.aborted) await once(response, 'drain', { signal })
  }
  response.end()
}

/** Express' parsers leave what they have read in `body`. */
async function bodyOf(request: IncomingMessage & { body?: unknown }, maxBytes: number): Promise<Uint8Array> {
  if (request.body instanceof Uint8Array) return request.body
  if (request.readableDidRead || request.body !== undefined)
    throw new Error('The body was parsed before the agent got it: put its route before express.json().')
  return readBody(request, maxBytes)
}
