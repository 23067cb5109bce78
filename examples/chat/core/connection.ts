import { type Socket, io } from 'socket.io-client'
import type { SessionEvent } from '@shared/domain/events'
import { isObject } from '@shared/domain/json'
import { type EndUser, KeyRefused } from './endUser.ts'
import { type Refusal, refusalOf } from './http.ts'

/** What an emit was answered; `not_connected` when no answer came, so that nobody knows whether it arrived. */
export type Ack = { ok: true; body: unknown } | { ok: false; error: Refusal }

export interface ConnectionEvents {
  online(): void
  /** `problem` says what stands in the way when it is more than a lost connection. */
  offline(problem: string | null): void
  event(event: SessionEvent): void
  cut(cut: { sessionId: string | null; reason: string }): void
  /** The server no longer knows this visitor: his sessions are out of reach. */
  newVisitor(): void
}

export interface Connection {
  readonly online: boolean
  open(): void
  request(name: string, body: object): Promise<Ack>
  /** After a refusal of the token: gets another one and goes on with it. */
  renew(): Promise<void>
  /** The network may be back: try now and not at the end of the pause. */
  hurry(): void
}

/** Longer than a loaded server needs; after it the connection counts as dead and is made anew. */
const ACK_MS = 10_000
const RETRY_FIRST_MS = 300
const RETRY_MAX_MS = 5_000

const NOT_CONNECTED: Ack = { ok: false, error: { code: 'not_connected', message: 'There is no connection.' } }

/**
 * One socket that stays: reconnects after anything, always with a token that is good, and renews the token in place
 * before it ends. What was subscribed is the caller's business: he is told `online` each time.
 */
export class SocketConnection implements Connection {
  #endUser: EndUser
  #events: ConnectionEvents
  #socket: Socket
  #token = ''
  #endUserId: string | null
  #denials = 0
  #retry: ReturnType<typeof setTimeout> | undefined
  #renewal: ReturnType<typeof setTimeout> | undefined

  constructor(endUser: EndUser, events: ConnectionEvents) {
    this.#endUser = endUser
    this.#events = events
    this.#endUserId = endUser.grant?.endUserId ?? null
    this.#socket = io('/client', {
      path: '/socket.io',
      transports: ['websocket'],
      autoConnect: false,
      reconnectionDelay: RETRY_FIRST_MS,
      reconnectionDelayMax: RETRY_MAX_MS,
      auth: (send) => void this.#credential().then((token) => send({ token })),
    })
    this.#listen()
  }

  get online(): boolean {
    return this.#socket.connected
  }

  open(): void {
    this.#socket.connect()
  }

  request(name: string, body: object): Promise<Ack> {
    if (!this.#socket.connected) return Promise.resolve(NOT_CONNECTED)
    return new Promise((resolve) => {
      this.#socket.timeout(ACK_MS).emit(name, body, (error: Error | null, answer: unknown) => {
        if (error && this.#socket.connected) this.#restart()
        const refusal = refusalOf(answer)
        resolve(error ? NOT_CONNECTED : refusal ? { ok: false, error: refusal } : { ok: true, body: answer })
      })
    })
  }

  async renew(): Promise<void> {
    try {
      const { token } = await this.#endUser.renew(this.#token)
      this.#token = token
    } catch (error) {
      if (error instanceof KeyRefused) this.#events.offline(error.message)
      this.#renewIn(RETRY_MAX_MS)
      return
    }
    this.#scheduleRenewal()
    if (this.#noteVisitor()) return this.#restart()
    if (!this.#socket.connected) return
    const ack = await this.request('auth', { token: this.#token })
    if (!ack.ok && this.#socket.connected) this.#restart()
  }

  hurry(): void {
    if (!this.#socket.connected) this.#restart()
  }

  #listen(): void {
    const { manager, socket } = { manager: this.#socket.io, socket: this.#socket }
    socket.on('connect', () => {
      this.#denials = 0
      this.#scheduleRenewal()
      this.#events.online()
    })
    socket.on('disconnect', (reason) => {
      clearTimeout(this.#renewal)
      this.#events.offline(null)
      if (reason === 'io server disconnect') this.#reconnectSoon()
    })
    socket.on('connect_error', (error) => void this.#failed(error))
    manager.on('reconnect_attempt', () => this.#events.offline(null))
    socket.on('event', (event: SessionEvent) => this.#events.event(event))
    socket.on('cut', (cut: unknown) => this.#events.cut(toCut(cut)))
    socket.on('token_expiring', () => void this.renew())
  }

  async #credential(): Promise<string> {
    // Without an answer the old token is tried: the socket's server may be there although the other one is not.
    this.#token = await this.#endUser.token().catch(() => this.#endUser.grant?.token ?? '')
    this.#noteVisitor()
    return this.#token
  }

  /** A failed attempt. Those that the server refused are ours to repeat; after the others socket.io tries by itself. */
  async #failed(error: Error & { data?: unknown }): Promise<void> {
    if (this.#socket.active) return this.#events.offline(null)
    const { code, message } = refusalOf(error.data) ??
      refusalOf({ error: error.data }) ?? { code: error.message, message: error.message }
    if (code === 'token_expired' || code === 'unauthorized') {
      this.#events.offline(null)
      await this.renew()
    } else this.#events.offline(message)
    this.#reconnectSoon()
  }

  #reconnectSoon(): void {
    clearTimeout(this.#retry)
    const pause = Math.min(RETRY_FIRST_MS * 2 ** this.#denials++, RETRY_MAX_MS)
    this.#retry = setTimeout(() => this.#socket.connect(), pause * (0.75 + Math.random() / 2))
  }

  #restart(): void {
    clearTimeout(this.#retry)
    this.#socket.disconnect().connect()
  }

  /** True when the token in hand is another person's than before. */
  #noteVisitor(): boolean {
    const endUserId = this.#endUser.grant?.endUserId ?? this.#endUserId
    const isNew = this.#endUserId !== null && this.#endUserId !== endUserId
    this.#endUserId = endUserId
    if (isNew) this.#events.newVisitor()
    return isNew
  }

  #scheduleRenewal(): void {
    const renewAt = this.#endUser.grant?.renewAt
    // Not all tabs at the same instant: the first one renews for all.
    if (renewAt !== undefined) this.#renewIn(Math.max(renewAt - Date.now(), 1_000) + 1_000 * Math.random())
  }

  #renewIn(milliseconds: number): void {
    clearTimeout(this.#renewal)
    this.#renewal = setTimeout(() => void this.renew(), milliseconds)
  }
}

function toCut(cut: unknown): { sessionId: string | null; reason: string } {
  const { sessionId, reason } = isObject(cut) ? cut : {}
  return {
    sessionId: typeof sessionId === 'string' ? sessionId : null,
    reason: typeof reason === 'string' ? reason : 'unknown',
  }
}
