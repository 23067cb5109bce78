import { setTimeout as sleep } from 'node:timers/promises'
import { type Socket, io } from 'socket.io-client'
import type { SessionView } from '@shared/domain/foldSession'
import { isObject } from '@shared/domain/json'
import { EventLog } from './eventLog.ts'
import { backoff, limits } from './limits.ts'
import { NOBODY, type Reader, type ReaderOptions } from './reader.ts'
import { ViewWaiters } from './viewWaiters.ts'

/**
 * Reads one session's events over Socket.IO (namespace `/client`, `subscribe {sessionId, after}`). Reconnects by itself,
 * not by the library's way, so that every connection is a new one with the cursor in it.
 */
export class SocketReader implements Reader {
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
    this.drop()
    await this.#reading
  }

  async #read(): Promise<void> {
    for (let first = true; !this.#closing.signal.aborted; first = false) {
      if (!first) this.reconnects++
      const why = await this.#follow()
      this.#options.watch.disconnected(why)
      if (this.#closing.signal.aborted) return
      const away = performance.now() - this.#aliveAt
      if (away > this.#options.outageMs) {
        const told = `no connection for ${Math.round(away / 1000)} s, last: ${why}`
        return this.#waiters.fail(new Error(`The events of ${this.#options.sessionId} can't be read: ${told}`))
      }
      await sleep(backoff(++this.#failures), undefined, { signal: this.#closing.signal }).catch(() => undefined)
    }
  }

  /** One connection; resolves with why it ended. */
  async #follow(): Promise<string> {
    const { urls, token, silenceMs, watch } = this.#options
    const url = urls[this.reconnects % urls.length]!
    watch.connecting(url, this.log.view.seq)
    this.#connection = new AbortController()
    const { signal } = this.#connection
    const socket = io(`${url}/client`, {
      auth: { token },
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      timeout: silenceMs,
    })
    try {
      return await new Promise<string>((resolve) => {
        signal.addEventListener('abort', () => resolve('dropped'))
        socket.on('connect_error', (error) => resolve(`refused: ${error.message}`))
        socket.on('disconnect', (reason) => resolve(reason))
        socket.on('cut', (cut: unknown) => resolve(`cut: ${JSON.stringify(cut)}`))
        socket.on('event', (event: unknown) => this.#take(event))
        socket.on('connect', () => this.#subscribe(socket, resolve))
      })
    } finally {
      // Nothing that was under way may arrive after we have said that it ended.
      socket.off('event')
      socket.disconnect()
    }
  }

  #subscribe(socket: Socket, end: (why: string) => void): void {
    const { sessionId, silenceMs } = this.#options
    socket
      .timeout(silenceMs)
      .emitWithAck('subscribe', { sessionId, after: this.log.view.seq })
      .then(
        (answer: unknown) => {
          if (isObject(answer) && answer.ok === true) this.#alive()
          else end(`refused: ${JSON.stringify(answer)}`)
        },
        () => end('no answer to subscribe'),
      )
  }

  #take(event: unknown): void {
    const data = JSON.stringify(event)
    this.#options.watch.event(data)
    const name = isObject(event) && typeof event.type === 'string' ? event.type : undefined
    const id = isObject(event) && typeof event.seq === 'number' ? String(event.seq) : undefined
    this.log.take({ id, event: name, data }, performance.now())
    this.#alive()
    this.#waiters.wake()
  }

  #alive(): void {
    this.#aliveAt = performance.now()
    this.#failures = 0
  }
}
