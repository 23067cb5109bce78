import { setTimeout as sleep } from 'node:timers/promises'
import { createParser } from 'eventsource-parser'
import type { SessionView } from '@shared/domain/foldSession'
import { EventLog } from './eventLog.ts'
import { type Verdict, judge } from './httpAnswer.ts'
import { backoff, limits } from './limits.ts'
import { NOBODY, type Reader, type ReaderOptions } from './reader.ts'
import { ViewWaiters } from './viewWaiters.ts'

// read            one connection after the other, until closed or refused
//   ├─ follow     connect with the cursor, feed frames to the log; how it ended is a value
//   └─ wake       after each event: whoever waits for something looks at the view

type Ending = Exclude<Verdict, { kind: 'refused' }> | { kind: 'refused'; why: string }

/**
 * Reads one session's events (`GET /v1/sessions/:id/events`, SSE) as a browser's EventSource would: on every disconnect
 * it comes back with `Last-Event-ID`. What arrives is folded and checked in `log`.
 */
export class SessionReader implements Reader {
  readonly log: EventLog
  reconnects = 0
  readonly #options: Required<ReaderOptions>
  readonly #waiters: ViewWaiters
  readonly #reading: Promise<void>
  readonly #closing = new AbortController()
  #connection = new AbortController()
  #aliveAt = performance.now()
  #failures = 0

  constructor(options: ReaderOptions) {
    this.#options = { after: 0, outageMs: limits.outage, silenceMs: limits.silence, watch: NOBODY, ...options }
    this.log = new EventLog(options.sessionId, this.#options.after)
    this.#waiters = new ViewWaiters(() => this.log.view)
    this.#reading = this.#read()
  }

  until(done: (view: SessionView) => boolean, timeoutMs: number, what: string): Promise<void> {
    return this.#waiters.until(done, timeoutMs, what)
  }

  drop(): void {
    this.#connection.abort()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#reading
  }

  async #read(): Promise<void> {
    for (let first = true; !this.#closing.signal.aborted; first = false) {
      if (!first) this.reconnects++
      const ending = await this.#follow()
      if (this.#closing.signal.aborted) return
      const away = performance.now() - this.#aliveAt
      if (ending.kind === 'refused') return this.#fail(ending.why)
      if (away > this.#options.outageMs) return this.#fail(`no events for ${Math.round(away / 1000)} s`)
      const waitMs = ending.kind === 'limited' ? ending.waitMs : backoff(++this.#failures)
      await sleep(waitMs, undefined, { signal: this.#closing.signal }).catch(() => undefined)
    }
  }

  async #follow(): Promise<Ending> {
    const connection = (this.#connection = new AbortController())
    const abort = () => connection.abort()
    const silence = setTimeout(abort, this.#options.silenceMs)
    this.#closing.signal.addEventListener('abort', abort)
    const { url, address } = this.#address()
    this.#options.watch.connecting(url, this.log.view.seq)
    let why = 'the stream ended'
    try {
      const response = await fetch(address, { headers: this.#headers(), signal: connection.signal })
      const verdict = judge(response.status, response.headers.get('Retry-After'))
      if (verdict.kind !== 'answer') why = String(response.status)
      if (verdict.kind === 'refused') return { ...verdict, why: `${response.status} ${await response.text()}` }
      const type = response.headers.get('Content-Type') ?? 'no type'
      if (verdict.kind === 'answer' && !type.startsWith('text/event-stream'))
        return { kind: 'refused', why: `it is ${type}` }
      if (verdict.kind === 'answer' && response.body) await this.#consume(response.body, silence)
      else await response.body?.cancel()
      if (verdict.kind === 'limited') this.#aliveAt = performance.now()
      return verdict
    } catch (error) {
      why = String(error)
      return { kind: 'away' }
    } finally {
      clearTimeout(silence)
      this.#closing.signal.removeEventListener('abort', abort)
      this.#options.watch.disconnected(why)
    }
  }

  async #consume(body: AsyncIterable<Uint8Array>, silence: NodeJS.Timeout): Promise<void> {
    const decoder = new TextDecoder()
    const parser = createParser({
      onEvent: (frame) => {
        // The server says why it will close; the cursor brings us back.
        if (frame.event === 'cut') return
        this.#options.watch.event(frame.data)
        this.log.take(frame, performance.now())
        this.#failures = 0
        this.#waiters.wake()
      },
    })
    for await (const chunk of body) {
      silence.refresh()
      this.#aliveAt = performance.now()
      parser.feed(decoder.decode(chunk, { stream: true }))
    }
  }

  #address(): { url: string; address: string } {
    const { urls, sessionId, after } = this.#options
    const url = urls[this.reconnects % urls.length]!
    return { url, address: `${url}/v1/sessions/${sessionId}/events?after=${after}` }
  }

  #headers(): Record<string, string> {
    const { seq } = this.log.view
    const headers = { Authorization: `Bearer ${this.#options.token}`, Accept: 'text/event-stream' }
    return seq > this.#options.after ? { ...headers, 'Last-Event-ID': String(seq) } : headers
  }

  #fail(why: string): void {
    this.#waiters.fail(new Error(`The events of ${this.#options.sessionId} can't be read: ${why}`))
  }
}
