import { type SessionEvent, isObject } from '@agentview/contracts'
import { toClientError } from '../clientError.ts'
import { type RequestDefaults, fetchOnce, refusalOf } from '../http/sendRequest.ts'
import { createStreamParser } from '../stream/streamParser.ts'
import { timing } from '../timing.ts'
import type { Ending, Reader, Reading, Transport } from './transport.ts'

/** Server-sent events over fetch, which can send a token where the browser's EventSource can't. */
export function sseTransport(defaults: RequestDefaults): Transport {
  return {
    name: 'sse',
    async read(reading, reader) {
      const connection = new AbortController()
      const end = () => connection.abort()
      reading.signal.addEventListener('abort', end)
      let silence = setTimeout(end, timing.connect)
      const alive = () => {
        clearTimeout(silence)
        silence = setTimeout(end, timing.silence)
      }
      try {
        return await request(defaults, reading, reader, connection.signal, alive)
      } catch (error) {
        return { kind: 'lost', why: toClientError(error).message }
      } finally {
        clearTimeout(silence)
        reading.signal.removeEventListener('abort', end)
        end()
      }
    },
  }
}

async function request(
  defaults: RequestDefaults,
  { sessionId, after, token, key }: Reading,
  reader: Reader,
  signal: AbortSignal,
  alive: () => void,
): Promise<Ending> {
  const path = `/v1/sessions/${sessionId}/events`
  const accept = 'text/event-stream'
  const response = await fetchOnce(
    defaults,
    { method: 'GET', path, query: { after }, accept, credential: { token, key } },
    signal,
  )
  if (!response.ok) return { kind: 'refused', error: await refusalOf(response) }
  if (!response.body) return { kind: 'lost', why: 'this fetch gives no streams' }
  if (!(response.headers.get('content-type') ?? '').startsWith(accept))
    return { kind: 'lost', why: 'what came is no stream of events' }
  alive()
  reader.opened()
  return consume(response.body, reader, signal, alive)
}

async function consume(
  body: ReadableStream<Uint8Array>,
  reader: Reader,
  signal: AbortSignal,
  alive: () => void,
): Promise<Ending> {
  let ending: Ending = { kind: 'lost', why: 'the stream ended' }
  const parser = createStreamParser('sse', (frame) => {
    // What was still under way when it was given up is not there.
    if (signal.aborted) return
    const data: unknown = JSON.parse(frame.data)
    if (frame.event === 'cut') ending = { kind: 'cut', reason: reasonOf(data) }
    else if (isEvent(data)) reader.event(data)
  })
  const chunks = body.getReader()
  // A fetch that is aborted at the wrong moment may never say so.
  const aborted = new Promise<null>((resolve) => signal.addEventListener('abort', () => resolve(null)))
  try {
    while (!signal.aborted) {
      const chunk = await Promise.race([chunks.read(), aborted])
      if (chunk === null) break
      if (chunk.done) return ending
      alive()
      parser.push(chunk.value)
    }
    return { kind: 'lost', why: 'nothing came any more' }
  } finally {
    chunks.cancel().catch(() => undefined)
  }
}

export function reasonOf(cut: unknown): string {
  return isObject(cut) && typeof cut.reason === 'string' ? cut.reason : 'unknown'
}

/** A type that this version doesn't know is an event as well: it moves the cursor. */
export function isEvent(value: unknown): value is SessionEvent {
  return isObject(value) && typeof value.seq === 'number' && typeof value.type === 'string' && isObject(value.data)
}
