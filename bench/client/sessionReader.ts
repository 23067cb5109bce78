import { setTimeout as sleep } from 'node:timers/promises'
import { createParser } from 'eventsource-parser'
import type { SessionView } from '@shared/domain/foldSession'
import { EventLog } from './eventLog.ts'
import { type Verdict, judge } from './httpAnswer.ts'
import { backoff, limits } from './limits.ts'

// read            one connection after the other, until closed or refused
//   ├─ follow     connect with the cursor, feed frames to the log; how it ended is a value
//   └─ wake       after each event: whoever waits for something looks at the view

export interface ReaderOptions {
  /** Where the events are served: without a trailing slash. */
  url: string
  token: string
  sessionId: string
  /** The cursor to begin after. */
  after?: number
  /** How long the server may be away, and how long a stream may be silent, in ms. */
  outageMs?: number
  silenceMs?: number
}

type Ending = Exclude<Verdict, { kind: 'refused' }> | { kind: 'refused'; why: string }

interface Waiter {
  done: (view: SessionView) => boolean
  settle: (error: Error | null) => void
}

/**
 * Reads one session's events (`GET /v1/sessions/:id/events`, SSE) as a browser's EventSource would: on every disconnect
 * it comes back with `Last-Event-ID`. What arrives is folded and checked in `log`.
 */
export class SessionReader {
  readonly log: EventLog
  reconnects = 0
  readonly #options: Required<ReaderOptions>
  readonly #waiters = new Set<Waiter>()
  readonly #reading: Promise<void>
  readonly #closing = new AbortController()
  #error: Error | null = null
  #aliveAt = performance.now()
  #failures = 0

  constructor(options: ReaderOptions) {
    this.#options = { after: 0, outageMs: limits.outage, silenceMs: limits.silence, ...options }
    this.log = new EventLog(options.sessionId, this.#options.after)
    this.#reading = this.#read()
  }

  /** Resolves once the folded view is as asked; rejects after `timeoutMs`, or when reading has failed for good. */
  async until(done: (view: SessionView) => boolean, timeoutMs: number, what: string): Promise<void> {
    if (done(this.log.view)) return
    if (this.#error) throw this.#error
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => settle(new Error(`${what}: not seen within ${timeoutMs / 1000} s`)), timeoutMs)
      const settle = (error: Error | null) => {
        clearTimeout(timer)
        this.#waiters.delete(waiter)
        if (error) reject(error)
        else resolve()
      }
      const waiter = { done, settle }
      this.#waiters.add(waiter)
    })
  }

  /** Ends the connection; resolves when nothing more can arrive. */
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
    const connection = new AbortController()
    const abort = () => connection.abort()
    const silence = setTimeout(abort, this.#options.silenceMs)
    this.#closing.signal.addEventListener('abort', abort)
    try {
      const response = await fetch(this.#address(), { headers: this.#headers(), signal: connection.signal })
      const verdict = judge(response.status, response.headers.get('Retry-After'))
      if (verdict.kind === 'refused') return { ...verdict, why: `${response.status} ${await response.text()}` }
      const type = response.headers.get('Content-Type') ?? 'no type'
      if (verdict.kind === 'answer' && !type.startsWith('text/event-stream'))
        return { kind: 'refused', why: `it is ${type}` }
      if (verdict.kind === 'answer' && response.body) await this.#consume(response.body, silence)
      else await response.body?.cancel()
      if (verdict.kind === 'limited') this.#aliveAt = performance.now()
      return verdict
    } catch {
      return { kind: 'away' }
    } finally {
      clearTimeout(silence)
      this.#closing.signal.removeEventListener('abort', abort)
    }
  }

  async #consume(body: AsyncIterable<Uint8Array>, silence: NodeJS.Timeout): Promise<void> {
    const decoder = new TextDecoder()
    const parser = createParser({
      onEvent: (frame) => {
        // The server says why it will close; the cursor brings us back.
        if (frame.event === 'cut') return
        this.log.take(frame, performance.now())
        this.#failures = 0
        this.#wake()
      },
    })
    for await (const chunk of body) {
      silence.refresh()
      this.#aliveAt = performance.now()
      parser.feed(decoder.decode(chunk, { stream: true }))
    }
  }

  #address(): string {
    return `${this.#options.url}/v1/sessions/${this.#options.sessionId}/events?after=${this.#options.after}`
  }

  #headers(): Record<string, string> {
    const { seq } = this.log.view
    const headers = { Authorization: `Bearer ${this.#options.token}`, Accept: 'text/event-stream' }
    return seq > this.#options.after ? { ...headers, 'Last-Event-ID': String(seq) } : headers
  }

  #wake(): void {
    for (const waiter of this.#waiters) if (waiter.done(this.log.view)) waiter.settle(null)
  }

  #fail(why: string): void {
    this.#error = new Error(`The events of ${this.#options.sessionId} can't be read: ${why}`)
    for (const waiter of this.#waiters) waiter.settle(this.#error)
  }
}
