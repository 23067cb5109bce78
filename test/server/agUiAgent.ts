import { isDeepStrictEqual } from 'node:util'
import { once } from 'node:events'
import { type IncomingHttpHeaders, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AGUIEvent, RunAgentInput } from '@ag-ui/core'
import { enforceOutgoingInput } from '@ag-ui/client'
import { EventEncoder } from '@ag-ui/encoder'

/** An event as a test writes it: runs and threads are named by the input. */
export type Said = Record<string, unknown> & { type: string }

/** What the agent of a test does next. */
export type Reply =
  /** A whole run, within RUN_STARTED and RUN_FINISHED. */
  | { says: Said[]; outcome?: object; usage?: object[]; result?: unknown }
  /** Just these events. */
  | { sends: Said[]; after?: 'break' | 'hang' }
  | { status: number; headers?: Record<string, string>; body?: string }

export interface AgUiRequest {
  headers: IncomingHttpHeaders
  input: RunAgentInput
}

export interface AgUiAgent {
  url: string
  requests: AgUiRequest[]
  /** How many answers have broken off because the client went away. */
  hungUp: () => number
  will(...replies: Reply[]): void
  close(): Promise<void>
}

/**
 * An AG-UI agent (https://docs.ag-ui.com) that says what it is told to, written with the official encoder. A request that
 * the official schema refuses is answered 400, as is one with members that the official client would not send.
 */
export async function startAgUiAgent(): Promise<AgUiAgent> {
  const replies: Reply[] = []
  const requests: AgUiRequest[] = []
  let hungUp = 0
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const input: RunAgentInput = JSON.parse(Buffer.concat(chunks).toString('utf8'))
      if (request.method !== 'POST' || !isSound(input)) return response.writeHead(400).end()
      requests.push({ headers: request.headers, input })
      response.once('close', () => void (response.writableFinished || hungUp++))
      const encoder = new EventEncoder({ accept: request.headers.accept ?? '' })
      answer(replies.shift() ?? { says: [] }, input, encoder, response)
    })().catch(() => response.writeHead(400).end())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    requests,
    hungUp: () => hungUp,
    will: (...more) => void replies.push(...more),
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Throws for what the schema refuses. */
function isSound(input: RunAgentInput): boolean {
  return isDeepStrictEqual(enforceOutgoingInput(input), input)
}

function answer(reply: Reply, input: RunAgentInput, encoder: EventEncoder, response: ServerResponse): void {
  if ('status' in reply) return void response.writeHead(reply.status, reply.headers).end(reply.body)
  response.writeHead(200, { 'content-type': encoder.getContentType() })
  for (const event of eventsOf(reply, input)) response.write(encoder.encode(event as AGUIEvent))
  const after = 'sends' in reply ? reply.after : undefined
  if (after === 'break') setTimeout(() => response.destroy(), 20)
  else if (after === undefined) response.end()
}

/** All events of a reply. */
export function eventsOf(
  reply: Exclude<Reply, { status: number }>,
  { threadId, runId }: Pick<RunAgentInput, 'threadId' | 'runId'>,
): Said[] {
  const run = { threadId, runId }
  if ('sends' in reply)
    return reply.sends.map((event) => (/^RUN_(STARTED|FINISHED)$/.test(event.type) ? { ...run, ...event } : event))
  const { says, ...end } = reply
  return [{ type: 'RUN_STARTED', ...run }, ...says, { type: 'RUN_FINISHED', ...run, ...end }]
}

/** A streamed message. */
export function text(messageId: string, ...deltas: string[]): Said[] {
  return [
    { type: 'TEXT_MESSAGE_START', messageId, role: 'assistant' },
    ...deltas.map((delta) => ({ type: 'TEXT_MESSAGE_CONTENT', messageId, delta })),
    { type: 'TEXT_MESSAGE_END', messageId },
  ]
}

/** A streamed tool call. */
export function toolCall(toolCallId: string, toolCallName: string, args: string[], more: object = {}): Said[] {
  return [
    { type: 'TOOL_CALL_START', toolCallId, toolCallName, ...more },
    ...args.map((delta) => ({ type: 'TOOL_CALL_ARGS', toolCallId, delta })),
    { type: 'TOOL_CALL_END', toolCallId },
  ]
}
