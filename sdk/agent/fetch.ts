import { type ServeOptions, answerCall, settled } from './answerCall.ts'
import type { Agent } from './defineAgent.ts'
import { readBody } from './readBody.ts'

export type FetchHandler = (request: Request) => Promise<Response>

/**
 * Serves an agent wherever a Request becomes a Response: Next.js and its like, Hono, Deno, Bun, workers at the edge (with
 * `node:crypto` and `Buffer`).
 *
 * @example
 * export const POST = toFetchHandler(agent, { secret: process.env.AGENTVIEW_SIGNING_SECRET })
 */
export function toFetchHandler(agent: Agent, options: ServeOptions): FetchHandler {
  const settings = settled(options)
  return async (request) => {
    const gone = new AbortController()
    const call = {
      method: request.method,
      headers: request.headers,
      accept: request.headers.get('accept') ?? '',
      readBody: async () => (request.body ? readBody(request.body, settings.maxBodyBytes) : new Uint8Array()),
      signal: AbortSignal.any([request.signal, gone.signal]),
    }
    const { status, headers, body } = await answerCall(agent, call, settings)
    const stream = typeof body === 'string' ? body : streamOf(body, () => gone.abort())
    return new Response(stream, { status, headers })
  }
}

function streamOf(chunks: AsyncGenerator<string>, cancel: () => void): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next()
      if (done) controller.close()
      else controller.enqueue(encoder.encode(value))
    },
    cancel,
  })
}
