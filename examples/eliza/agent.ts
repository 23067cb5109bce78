/// <reference path="./elizabot.d.ts" />
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setImmediate as nextTick, setTimeout as sleep } from 'node:timers/promises'
import ElizaBot from 'elizabot'

type JsonObject = Record<string, unknown>

/** Some of ELIZA's patterns need time in the third power of a text's length; the start of it is all she hears. */
const HEARD_CHARACTERS = 256

/**
 * An agent app for AgentView: one POST is one turn. It keeps nothing between two turns: all that was said before comes
 * along in `items`, so any copy of this process can answer any turn.
 *
 * read the turn → replay the user's texts to a new ELIZA → stream her answer word by word
 */
export async function handleEliza(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'POST') return refuse(response, 405, 'Send a turn with POST.')
  const turn = await readTurn(request)
  if (!turn) return refuse(response, 400, 'The body has to be JSON with "input" (an object) and "items" (a list).')

  const gone = new AbortController()
  response.once('close', () => gone.abort())
  try {
    const answer = await think(turn.items.map(textOf), textOf(turn.input), gone.signal)
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
    send(response, 'version', { version: '1.0.0' })
    for (const [index, delta] of wordsOf(answer).entries()) {
      if (index > 0) await sleep(Number(process.env.ELIZA_DELAY_MS ?? 30), undefined, { signal: gone.signal })
      send(response, 'text', { delta })
    }
    // A stream that ends without `done` counts as failed and is tried again: it says that the answer is whole.
    send(response, 'done', {})
    response.end()
  } catch (error) {
    // AgentView hung up (the run was cancelled, say): nobody reads the rest.
    if (!gone.signal.aborted) throw error
  }
}

async function readTurn(request: IncomingMessage): Promise<{ items: unknown[]; input: JsonObject } | null> {
  try {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    return isObject(body) && isObject(body.input) && Array.isArray(body.items)
      ? { items: body.items, input: body.input }
      : null
  } catch {
    return null
  }
}

/** ELIZA's answer. She remembers only within one instance, so she hears everything again, always with the same outcome. */
async function think(before: (string | null)[], text: string | null, gone: AbortSignal): Promise<string> {
  const eliza = new ElizaBot(true)
  for (const heard of before) {
    if (heard) eliza.transform(heard)
    // A long history must not hold up other people's turns.
    await nextTick(undefined, { signal: gone })
  }
  if (text === null) return 'I can only read text. Tell me in your own words: what is on your mind?'
  if (text === '') return 'You are silent. What is on your mind?'
  const answer = eliza.transform(text)
  return eliza.quit ? 'Goodbye. It was nice talking to you.' : answer
}

/** What a user's message says; null for any other item and for a message that isn't text. */
function textOf(item: unknown): string | null {
  const said = isObject(item) && item.type === 'message' && item.role === 'user' ? item.content : null
  return typeof said === 'string' ? said.trim().slice(0, HEARD_CHARACTERS) : null
}

/** Pieces that give exactly the text when they are joined. */
function wordsOf(text: string): string[] {
  return text.match(/\S+\s*|\s+/gu) ?? []
}

function send(response: ServerResponse, event: string, data: JsonObject): void {
  response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...(status === 405 && { Allow: 'POST' }) })
  response.end(JSON.stringify({ error: { message } }))
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
