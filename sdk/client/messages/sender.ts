import type { Acceptance, SessionAcceptance } from '@agentview/contracts'
import { ClientError, toClientError } from '../clientError.ts'
import { readAcceptance, readSessionAcceptance } from '../http/answers.ts'
import type { Api } from '../http/api.ts'
import type { Stored } from '../storage/stored.ts'
import { FAULTS_OF_ONE_MESSAGE, backoff, sleep } from '../timing.ts'
import { Loop } from './loop.ts'
import { type Outbox, type PendingMessage, change, nextToSend, retarget } from './outbox.ts'

export interface SenderEvents {
  /** The outbox is another one. */
  changed(): void
  /** The newest run that is known of a session: what is sent now comes into a later one. */
  newestRunNo(sessionId: string): number
  /** A draft has become a session. */
  begun(draft: string, acceptance: SessionAcceptance): void
  refused(message: PendingMessage, error: ClientError): void
  /** What an earlier page of this tab had left. */
  restored(outbox: Outbox): void
}

interface Waiter {
  resolve(acceptance: Acceptance): void
  reject(error: ClientError): void
}

// add ─▶ outbox (kept with the tab) ─▶ one after another: POST under the message's key
//   answered: accepted · refused: for the user to decide · no answer: the same once more, and the others wait
//   a fault of the server (500): once more as well, but not for ever, or it would hold up all others

/** Sends messages, in order and never twice, however often the network or the page goes away meanwhile. */
export class Sender {
  readonly #api: Api
  readonly #kept: Stored<Outbox>
  readonly #events: SenderEvents
  readonly #loop = new Loop(() => this.#step())
  readonly #waiters = new Map<string, Waiter>()
  readonly #restored: Promise<void>
  #outbox: Outbox = []
  #paused = true
  #failures = 0
  /** The message at which the server failed last, and how often. */
  #faulty = { key: '', times: 0 }
  #pause = new AbortController()

  constructor(api: Api, kept: Stored<Outbox>, events: SenderEvents) {
    this.#api = api
    this.#kept = kept
    this.#events = events
    this.#restored = this.#restore()
  }

  get outbox(): Outbox {
    return this.#outbox
  }

  /** Puts a message at the end; resolves once the server has taken it, rejects when it is refused or discarded. */
  add(message: PendingMessage): Promise<Acceptance> {
    const accepted = new Promise<Acceptance>((resolve, reject) => this.#waiters.set(message.key, { resolve, reject }))
    // Whoever looks at the message and not at this promise must not be punished for it.
    accepted.catch(() => undefined)
    this.#set([...this.#outbox, message])
    void this.#loop.wake()
    return accepted
  }

  /** The outbox after something was found to be done or unwanted. */
  update(make: (outbox: Outbox) => Outbox): void {
    const next = make(this.#outbox)
    if (next === this.#outbox) return
    this.#set(next)
    void this.#loop.wake()
  }

  /** Takes a message out that was not taken yet. */
  discard(key: string): void {
    this.#waiters.get(key)?.reject(new ClientError('aborted', 'The message was discarded.'))
    this.#waiters.delete(key)
    this.update((outbox) => outbox.filter((message) => message.key !== key))
  }

  resume(): void {
    this.#paused = false
    this.hurry()
    void this.#loop.wake()
  }

  pause(): void {
    this.#paused = true
    this.#pause.abort()
  }

  /** The network may be back. */
  hurry(): void {
    this.#failures = 0
    this.#pause.abort()
  }

  async #restore(): Promise<void> {
    const kept = await this.#kept.read()
    if (!kept || kept.length === 0) return
    this.#set([...kept, ...this.#outbox])
    this.#events.restored(kept)
  }

  async #step(): Promise<boolean> {
    await this.#restored
    const message = nextToSend(this.#outbox)
    if (!message || this.#paused) return false
    const { target } = message
    const sentAfterRunNo =
      message.sentAfterRunNo ?? ('sessionId' in target ? this.#events.newestRunNo(target.sessionId) : 0)
    if (!message.sent) this.#set(change(this.#outbox, message.key, { sent: true, sentAfterRunNo }))
    try {
      const acceptance = await this.#post(message)
      this.#failures = 0
      this.#accept(message, acceptance)
    } catch (thrown) {
      await this.#fail(message, toClientError(thrown))
    }
    return true
  }

  #post({ key, input, options, target }: PendingMessage): Promise<Acceptance | SessionAcceptance> {
    const call = { method: 'POST', idempotencyKey: key } as const
    if ('sessionId' in target) {
      const path = `/v1/sessions/${encodeURIComponent(target.sessionId)}/messages`
      return this.#api.once({ ...call, path, body: { ...options, input } }, readAcceptance)
    }
    const body = { ...options, ...target.session, input }
    return this.#api.once({ ...call, path: '/v1/messages', body }, readSessionAcceptance)
  }

  #accept({ key, target }: PendingMessage, acceptance: Acceptance | SessionAcceptance): void {
    const { item, seq } = acceptance
    this.#outbox = change(this.#outbox, key, { accepted: { item, seq } })
    if ('draft' in target && 'session' in acceptance) {
      this.#outbox = retarget(this.#outbox, target.draft, acceptance.session.id)
      this.#events.begun(target.draft, acceptance)
    }
    this.#set(this.#outbox)
    this.#waiters.get(key)?.resolve(acceptance)
    this.#waiters.delete(key)
  }

  async #fail(message: PendingMessage, error: ClientError): Promise<void> {
    if (error.isTemporary && this.#faultsOf(message.key, error) < FAULTS_OF_ONE_MESSAGE) {
      this.#pause = new AbortController()
      if (!this.#paused) await sleep(error.retryAfterMs ?? backoff(++this.#failures), this.#pause.signal)
      return
    }
    this.#set(change(this.#outbox, message.key, { refused: { code: error.code, message: error.message } }))
    this.#waiters.get(message.key)?.reject(error)
    this.#waiters.delete(message.key)
    this.#events.refused(message, error)
  }

  #faultsOf(key: string, { code }: ClientError): number {
    const before = this.#faulty.key === key ? this.#faulty.times : 0
    this.#faulty = { key, times: code === 'internal' ? before + 1 : before }
    return this.#faulty.times
  }

  #set(outbox: Outbox): void {
    this.#outbox = outbox
    void this.#kept.write(outbox.length > 0 ? outbox : null)
    this.#events.changed()
  }
}
