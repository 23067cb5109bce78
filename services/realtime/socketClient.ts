import type { Socket } from 'socket.io'
import type { Connections } from '@shared/delivery/connections'
import type { SessionFeeds, Subscription } from '@shared/delivery/sessionFeeds'
import type { CutReason, Sink } from '@shared/delivery/sink'
import { AgentViewError } from '@shared/domain/errors'
import { tunables } from '@shared/domain/tunables'
import { type Talker, expiryOf, principalsOf } from '@shared/intake/caller'
import { sendEvents } from './sendEvents.ts'

/** The most messages of one socket that may wait for those before them. */
const WAITING_MAX = 1_000
/** The longest time that a timer of Node can be set to. */
const LONGEST_TIMER = 2 ** 31 - 1
/** What is left to a reader that was cut for being slow to take its last words. */
const LAST_WORDS_MS = 100

/** Who is connected, and what he reads. */
export class SocketClient {
  readonly socket: Socket
  caller: Talker
  /** Null: is being begun. */
  readonly #subscriptions = new Map<string, Subscription | null>()
  readonly #turns = new Map<string, Promise<unknown>>()
  readonly #timers: NodeJS.Timeout[] = []
  #forget = (): void => undefined
  readonly #connections: Connections
  #waiting = 0
  /** Bytes sent since the connection last had nothing left to send. */
  #unsentBytes = 0

  constructor(socket: Socket, caller: Talker, connections: Connections) {
    this.socket = socket
    this.caller = caller
    this.#connections = connections
    socket.conn.on('drain', () => (this.#unsentBytes = 0))
    // Without a listener Socket.IO writes each malformed packet's stack to the console.
    socket.on('error', () => undefined)
    socket.on('disconnect', () => this.#close())
    this.#watchRight()
  }

  /** What is asked for one session is done in the order in which it was asked. */
  async inTurn<Result>(sessionId: string, work: () => Promise<Result>): Promise<Result> {
    if (this.#waiting >= WAITING_MAX) throw new AgentViewError('rate_limited', 'Wait for answers before you ask more.')
    this.#waiting++
    const turn = (this.#turns.get(sessionId) ?? Promise.resolve()).then(work)
    const settled = turn.catch(() => undefined)
    this.#turns.set(sessionId, settled)
    try {
      return await turn
    } finally {
      this.#waiting--
      if (this.#turns.get(sessionId) === settled) this.#turns.delete(sessionId)
    }
  }

  /** Reads a session after a cursor; what was read of it before ends only when this begins. */
  async subscribe(feeds: SessionFeeds, sessionId: string, after: number): Promise<Subscription> {
    const known = this.#subscriptions.has(sessionId)
    if (!known && this.#subscriptions.size >= tunables.socketSubscriptions)
      throw new AgentViewError('rate_limited', `A socket reads at most ${tunables.socketSubscriptions} sessions.`)
    if (!known) this.#subscriptions.set(sessionId, null)
    try {
      const subscription = await feeds.subscribe(sessionId, after, this.#sink(sessionId))
      this.#subscriptions.get(sessionId)?.close()
      this.#subscriptions.set(sessionId, subscription)
      if (!this.socket.connected) this.#close()
      return subscription
    } catch (error) {
      if (this.#subscriptions.get(sessionId) === null) this.#subscriptions.delete(sessionId)
      throw error
    }
  }

  unsubscribe(sessionId: string): void {
    this.#subscriptions.get(sessionId)?.close()
    this.#subscriptions.delete(sessionId)
  }

  /** A newer credential of the same principal takes the old one's place. */
  renew(caller: Talker): void {
    this.caller = caller
    this.#watchRight()
  }

  #sink(sessionId: string): Sink {
    const { socket } = this
    return {
      send: (entries) => {
        for (const { text } of entries) this.#unsentBytes += text.length
        sendEvents(socket.conn, entries)
      },
      pendingBytes: () => this.#unsentBytes,
      drained: async () => {
        while (socket.connected && this.#unsentBytes > tunables.readerBytes / 4) {
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
      },
      cut: (reason, lastSeq) => {
        this.#subscriptions.delete(sessionId)
        socket.emit('cut', { sessionId, reason, lastSeq })
        if (reason === 'slow') this.#giveUp()
      },
    }
  }

  /** One that does not read keeps everything in memory until its connection ends. */
  #giveUp(): void {
    setTimeout(() => {
      this.socket.disconnect(true)
      this.socket.conn.close(true)
    }, LAST_WORDS_MS).unref()
  }

  /** Warns before the token ends, and closes the socket when it does, or when its principal may not read any more. */
  #watchRight(): void {
    this.#forget()
    for (const timer of this.#timers.splice(0)) clearTimeout(timer)
    if (!this.socket.connected) return
    this.#forget = this.#connections.add(principalsOf(this.caller), (reason) => this.#end(reason))
    const until = expiryOf(this.caller)
    if (!until) return
    const left = Math.min(until.getTime() - Date.now(), LONGEST_TIMER)
    const warn = () => this.socket.emit('token_expiring', { expiresInMs: Math.min(left, tunables.tokenWarning) })
    this.#timers.push(setTimeout(warn, Math.max(0, left - tunables.tokenWarning)))
    this.#timers.push(setTimeout(() => this.#end('token_expired'), left))
  }

  #end(reason: CutReason): void {
    for (const subscription of [...this.#subscriptions.values()]) subscription?.cut(reason)
    this.socket.disconnect(true)
  }

  #close(): void {
    this.#forget()
    for (const timer of this.#timers.splice(0)) clearTimeout(timer)
    for (const subscription of this.#subscriptions.values()) subscription?.close()
    this.#subscriptions.clear()
  }
}
