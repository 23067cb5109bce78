import { setTimeout as sleep } from 'node:timers/promises'
import type { SessionView } from '@shared/domain/foldSession'
import { EventLog } from './eventLog.ts'
import { backoff, limits } from './limits.ts'
import { NOBODY, type Reader, type ReaderOptions } from './reader.ts'
import { ViewWaiters } from './viewWaiters.ts'

/** How a connection ended: to be tried again (after `waitMs`, when the server named a time), or for good. */
export type Ending = { kind: 'again'; why: string; waitMs?: number } | { kind: 'refused'; why: string }

// read            one connection after the other, until closed, refused, or away for too long
//   └─ follow     connect with the cursor, take what comes; how it ended is a value

/** Reads one session's events over one connection after the other; each begins at the cursor. What arrives is folded and checked in `log`. */
export abstract class ReconnectingReader implements Reader {
  readonly log: EventLog
  reconnects = 0
  protected readonly options: Required<ReaderOptions>
  readonly #closing = new AbortController()
  #connection = new AbortController()
  readonly #waiters: ViewWaiters
  readonly #reading: Promise<void>
  #aliveAt = performance.now()
  #failures = 0

  constructor(options: ReaderOptions) {
    this.options = { after: 0, outageMs: limits.outage, silenceMs: limits.silence, watch: NOBODY, ...options }
    this.log = new EventLog(options.sessionId, this.options.after)
    this.#waiters = new ViewWaiters(() => this.log.view)
    // Not before the reader that extends this one is whole.
    this.#reading = Promise.resolve().then(() => this.#read())
  }

  until(done: (view: SessionView) => boolean, timeoutMs: number, what: string): Promise<void> {
    return this.#waiters.until(done, timeoutMs, what)
  }

  drop(): void {
    this.#connection.abort()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.drop()
    await this.#reading
  }

  /** One connection to a server, until `signal`; resolves with how it ended. */
  protected abstract follow(url: string, signal: AbortSignal): Promise<Ending>

  /** An event has come; one that comes after its connection was dropped is not there. */
  protected take(frame: Parameters<EventLog['take']>[0], signal: AbortSignal): void {
    if (signal.aborted) return
    this.options.watch.event(frame.data)
    this.log.take(frame, performance.now())
    this.#failures = 0
    this.alive()
    this.#waiters.wake()
  }

  /** The server is there. */
  protected alive(): void {
    this.#aliveAt = performance.now()
  }

  async #read(): Promise<void> {
    const { urls, outageMs, watch } = this.options
    for (let first = true; !this.#closing.signal.aborted; first = false) {
      if (!first) this.reconnects++
      const url = urls[this.reconnects % urls.length]!
      watch.connecting(url, this.log.view.seq)
      this.#connection = new AbortController()
      const { signal } = this.#connection
      // A fetch that is aborted at the wrong moment may never say so: whoever drops a connection does not wait for it.
      const ending = await Promise.race([this.follow(url, signal), dropped(signal)])
      watch.disconnected(ending.why)
      if (this.#closing.signal.aborted) return
      const away = performance.now() - this.#aliveAt
      if (ending.kind === 'refused') return this.#fail(ending.why)
      if (away > outageMs) return this.#fail(`no events for ${Math.round(away / 1000)} s, last: ${ending.why}`)
      const waitMs = ending.waitMs ?? backoff(++this.#failures)
      await sleep(waitMs, undefined, { signal: this.#closing.signal }).catch(() => undefined)
    }
  }

  #fail(why: string): void {
    this.#waiters.fail(new Error(`The events of ${this.options.sessionId} can't be read: ${why}`))
  }
}

function dropped(signal: AbortSignal): Promise<Ending> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve({ kind: 'again', why: 'dropped' }), { once: true })
  })
}
