import { createParser } from 'eventsource-parser'
import { judge } from './httpAnswer.ts'
import { type Ending, ReconnectingReader } from './reconnectingReader.ts'

/**
 * Reads one session's events (`GET /v1/sessions/:id/events`, SSE) as a browser's EventSource would: on every disconnect
 * it comes back with `Last-Event-ID`.
 */
export class SessionReader extends ReconnectingReader {
  protected async follow(url: string, signal: AbortSignal): Promise<Ending> {
    const silence = setTimeout(() => this.drop(), this.options.silenceMs)
    signal.addEventListener('abort', () => clearTimeout(silence), { once: true })
    try {
      return await this.#request(url, signal, silence)
    } catch (error) {
      return { kind: 'again', why: String(error) }
    } finally {
      clearTimeout(silence)
    }
  }

  async #request(url: string, signal: AbortSignal, silence: NodeJS.Timeout): Promise<Ending> {
    const { sessionId, after } = this.options
    const address = `${url}/v1/sessions/${sessionId}/events?after=${after}`
    const response = await fetch(address, { headers: this.#headers(), signal })
    const verdict = judge(response.status, response.headers.get('Retry-After'))
    if (verdict.kind === 'refused') return { kind: 'refused', why: `${response.status} ${await response.text()}` }
    const type = response.headers.get('Content-Type') ?? 'no type'
    if (verdict.kind === 'answer' && !type.startsWith('text/event-stream'))
      return { kind: 'refused', why: `it is ${type}` }
    if (verdict.kind === 'answer' && response.body) {
      await this.#consume(response.body, signal, silence)
      return { kind: 'again', why: 'the stream ended' }
    }
    await response.body?.cancel()
    const why = String(response.status)
    if (verdict.kind !== 'limited') return { kind: 'again', why }
    this.alive()
    return { kind: 'again', why, waitMs: verdict.waitMs }
  }

  async #consume(body: AsyncIterable<Uint8Array>, signal: AbortSignal, silence: NodeJS.Timeout): Promise<void> {
    const decoder = new TextDecoder()
    const parser = createParser({
      onEvent: (frame) => {
        // The server says why it will close; the cursor brings us back.
        if (frame.event !== 'cut') this.take(frame, signal)
      },
    })
    for await (const chunk of body) {
      silence.refresh()
      this.alive()
      parser.feed(decoder.decode(chunk, { stream: true }))
    }
  }

  #headers(): Record<string, string> {
    const { seq } = this.log.view
    const headers = { Authorization: `Bearer ${this.options.token}`, Accept: 'text/event-stream' }
    return seq > this.options.after ? { ...headers, 'Last-Event-ID': String(seq) } : headers
  }
}
