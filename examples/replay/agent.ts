import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { type RecordedTurn, isRecord, parseConversation } from './conversation.ts'

/** A pause after each word, as a model would make; none by default, so that a replay measures AgentView and not this. */
const delayMs = Number(process.env.REPLAY_DELAY_MS ?? 0)

type Frame = [event: string, data: object]

/**
 * An agent app that plays a recorded conversation. It keeps nothing: the recording is in the session's metadata
 * (`conversation`), and which turn it is follows from the history that AgentView sends along.
 */
export async function handleReplay(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const call = await readJson(request)
  if (request.method !== 'POST' || !isRecord(call)) {
    response.writeHead(request.method === 'POST' ? 400 : 405, { Allow: 'POST' }).end()
    return
  }
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
  for (const [event, data] of answer(call)) {
    if (response.destroyed) return
    response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
    if (event === 'text' && delayMs > 0) await sleep(delayMs)
  }
  response.end()
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  try {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    return undefined
  }
}

function* answer(call: Record<string, unknown>): Generator<Frame> {
  yield ['version', { version: '1.0.0' }]
  const conversation = recordingOf(call)
  if (!conversation) return yield refuse('no_conversation', 'The session has no conversation in its metadata.')
  // Counted, not looked up by its text: people say the same thing twice.
  const said = Array.isArray(call.items)
    ? call.items.filter((item) => isRecord(item) && item.role === 'user').length
    : 0
  const turn = conversation.turns[said]
  if (!turn) return yield refuse('unknown_turn', `Conversation ${conversation.id} ends before turn ${said + 1}.`)
  yield* play(turn, said + 1)
}

function recordingOf(call: Record<string, unknown>) {
  const metadata = isRecord(call.session) ? call.session.metadata : undefined
  return isRecord(metadata) ? parseConversation(metadata.conversation) : null
}

function* play(turn: RecordedTurn, turnNo: number): Generator<Frame> {
  for (const [index, { name, arguments: given, result }] of turn.toolCalls.entries()) {
    const callId = `call_${turnNo}_${index + 1}`
    yield ['item', { item: { type: 'tool_call', callId, name, arguments: given } }]
    yield ['item', { item: { type: 'tool_result', callId, result } }]
  }
  for (const delta of wordsOf(turn.assistant)) yield ['text', { delta }]
  yield ['usage', { inputTokens: wordsOf(turn.user).length, outputTokens: wordsOf(turn.assistant).length }]
  yield ['done', {}]
}

/** The text in pieces that give exactly the text when joined; an empty text is one empty piece: also that is an answer. */
function wordsOf(text: string): string[] {
  return text.match(/\S+\s*|\s+/gu) ?? ['']
}

function refuse(code: string, message: string): Frame {
  return ['error', { code, message, retryable: false }]
}
