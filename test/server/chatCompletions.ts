import { type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'

/** What the model of a test says next. */
export type Reply =
  | { text: string[]; calls?: never }
  | { calls: { id: string; name: string; arguments: string[] }[]; text?: string[] }
  /** Refuses, as OpenAI words it. */
  | { status: number; headers?: Record<string, string> }
  /** Words, and then the connection breaks. */
  | { breaksAfter: string }
  /** Words, and then nothing more. */
  | { hangsAfter: string }

export interface ChatRequest {
  headers: Record<string, unknown>
  body: { model: string; messages: Record<string, unknown>[]; stream?: boolean; tools?: unknown[] } & Record<
    string,
    unknown
  >
}

export interface ChatServer {
  /** As `baseURL` of a client. */
  url: string
  requests: ChatRequest[]
  /** How many answers have broken off because the client went away. */
  hungUp: () => number
  say(...replies: Reply[]): void
  close(): Promise<void>
}

/**
 * A Chat Completions endpoint (https://platform.openai.com/docs/api-reference/chat) that says what it is told to, in the
 * wire format of OpenAI's: chunks with the role first, arguments of calls in pieces, usage in a last chunk of its own.
 */
export async function startChatServer(): Promise<ChatServer> {
  const replies: Reply[] = []
  const requests: ChatRequest[] = []
  let hungUp = 0
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      if (request.method !== 'POST' || request.url !== '/v1/chat/completions') return response.writeHead(404).end()
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as ChatRequest['body']
      requests.push({ headers: request.headers, body })
      response.once('close', () => void (response.writableFinished || hungUp++))
      answer(replies.shift() ?? { text: ['I have nothing to say.'] }, body, response)
    })().catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    hungUp: () => hungUp,
    say: (...more) => void replies.push(...more),
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const USAGE = {
  prompt_tokens: 19,
  completion_tokens: 10,
  total_tokens: 29,
  prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
}

function answer(reply: Reply, body: ChatRequest['body'], response: ServerResponse): void {
  if ('status' in reply) return refuse(reply.status, reply.headers ?? {}, response)
  if (body.stream) stream(reply, body, response)
  else answerWhole(reply, body, response)
}

function refuse(status: number, headers: Record<string, string>, response: ServerResponse): void {
  const error = { message: `Refused with ${status}.`, type: 'invalid_request_error', param: null, code: null }
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify({ error }))
}

function stream(reply: Exclude<Reply, { status: number }>, body: ChatRequest['body'], response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  const head = { ...identity(body), object: 'chat.completion.chunk', system_fingerprint: 'fp_44709d6fcb' }
  const send = (more: object) => response.write(`data: ${JSON.stringify({ ...head, ...more })}\n\n`)
  const choose = (delta: object, finish_reason: string | null = null) =>
    send({ choices: [{ index: 0, delta, logprobs: null, finish_reason }] })

  choose({ role: 'assistant', content: 'calls' in reply ? null : '', refusal: null })
  if ('breaksAfter' in reply) {
    choose({ content: reply.breaksAfter })
    return void setTimeout(() => response.destroy(), 20)
  }
  if ('hangsAfter' in reply) return void choose({ content: reply.hangsAfter })
  for (const content of reply.text ?? []) choose({ content })
  for (const [index, { id, name, arguments: parts }] of (reply.calls ?? []).entries()) {
    choose({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] })
    for (const part of parts) choose({ tool_calls: [{ index, function: { arguments: part } }] })
  }
  choose({}, reply.calls ? 'tool_calls' : 'stop')
  const options = body['stream_options'] as { include_usage?: boolean } | undefined
  if (options?.include_usage) send({ choices: [], usage: USAGE })
  response.end('data: [DONE]\n\n')
}

function answerWhole(
  reply: Exclude<Reply, { status: number }>,
  body: ChatRequest['body'],
  response: ServerResponse,
): void {
  if (!('text' in reply || 'calls' in reply)) return void response.destroy()
  const calls = reply.calls?.map(({ id, name, arguments: parts }) => ({
    id,
    type: 'function',
    function: { name, arguments: parts.join('') },
  }))
  const message = { role: 'assistant', content: reply.text?.join('') ?? null, refusal: null, tool_calls: calls }
  const choice = { index: 0, message, logprobs: null, finish_reason: calls ? 'tool_calls' : 'stop' }
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ ...identity(body), object: 'chat.completion', choices: [choice], usage: USAGE }))
}

function identity({ model }: ChatRequest['body']): object {
  return { id: 'chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT', created: 1_741_569_952, model }
}
