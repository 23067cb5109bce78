import { newUuid } from '@shared/domain/ids'
import { type DemoConfig, waitForConfig } from './config.ts'
import type { Connection, ConnectionEvents } from './connection.ts'
import { liveRun } from './conversation.ts'
import { createSession } from './createSession.ts'
import type { EndUser } from './endUser.ts'
import { Feed } from './feed.ts'
import type { Fetch, Refusal } from './http.ts'
import { Loop } from './loop.ts'
import {
  type Outbox,
  type PendingMessage,
  acceptanceOf,
  change,
  forAnotherSession,
  newestRunNo,
  nextToSend,
  settle,
} from './outbox.ts'
import { verdictOn } from './refusals.ts'
import { type Kept, StateStore } from './state.ts'

export interface ChatOptions {
  loadConfig(): Promise<DemoConfig>
  fetch: Fetch
  openEndUser(publishableKey: string): EndUser
  openConnection(endUser: EndUser, events: ConnectionEvents): Connection
  kept: Kept
}

const SOON_MS = 300
const LATER_MS = 1_500

const GONE = 'The earlier conversation is no longer there. This is a new one.'

/**
 * One conversation with an agent: what is said, in which order, and what to do when the connection, the token or the
 * session is lost. Knows no React and no DOM.
 *
 * start → online → the loop: follow the session (subscribe after the view's seq) → send what waits, one after another
 * event → feed folds it into the view → once a frame: the state, with what the view has settled of the outbox
 * cut, gap, offline → not following → the loop again
 */
export class Chat {
  #options: ChatOptions
  #store: StateStore
  #endUser: EndUser | null = null
  #connection: Connection | null = null
  /** Its view is newer than the state's by what has come within this frame. */
  #feed = new Feed(() => this.#show())
  #following = false
  #loop = new Loop(() => this.#step())

  constructor(options: ChatOptions) {
    this.#options = options
    this.#store = new StateStore(options.kept)
  }

  subscribe = (listener: () => void): (() => void) => this.#store.subscribe(listener)
  getSnapshot = () => this.#store.getSnapshot()

  /** Reads the configuration, however long the server takes to come up, and goes on where the last visit ended. */
  async start(): Promise<void> {
    const { publishableKey, agents } = await waitForConfig(this.#options.loadConfig, (problem) =>
      this.#store.set({ connection: 'offline', problem }),
    )
    this.#endUser = this.#options.openEndUser(publishableKey)
    this.#store.restore(agents, this.#endUser.grant?.endUserId ?? null)
    this.#connection = this.#options.openConnection(this.#endUser, this.#events())
    this.#connection.open()
  }

  send(text: string): void {
    const message = { idempotencyKey: newUuid(), text: text.trim() }
    if (message.text === '') return
    this.#setOutbox([...this.#state.outbox, message])
    void this.#loop.wake()
  }

  /** A message that was refused, once more; the server has seen its key, so it gets a new one. */
  sendAgain(idempotencyKey: string): void {
    const renewed = (message: PendingMessage) =>
      message.idempotencyKey === idempotencyKey ? { idempotencyKey: newUuid(), text: message.text } : message
    this.#setOutbox(this.#state.outbox.map(renewed))
    void this.#loop.wake()
  }

  discard(idempotencyKey: string): void {
    this.#setOutbox(this.#state.outbox.filter((message) => message.idempotencyKey !== idempotencyKey))
  }

  /** Cancels the run that is worked on. */
  async stop(): Promise<void> {
    const run = liveRun(this.#feed.view)
    if (!run || !this.#connection || this.#state.stopping === run.id) return
    this.#store.set({ stopping: run.id })
    const ack = await this.#connection.request('cancel', { runId: run.id, idempotencyKey: newUuid() })
    if (!ack.ok) this.#store.set({ stopping: null, notice: `The answer could not be stopped. ${ack.error.message}` })
  }

  /** Leaves the conversation; the next message begins another one, with the named agent or the same. */
  newChat(agentName?: string): void {
    const agent = this.#state.agents.find(({ name }) => name === agentName) ?? this.#state.agent
    this.#leaveSession([], null)
    this.#store.set({ agent })
  }

  dismissNotice(): void {
    this.#store.set({ notice: null })
  }

  /** The network may be back. */
  hurry(): void {
    this.#connection?.hurry()
  }

  get #state() {
    return this.#store.getSnapshot()
  }

  #events(): ConnectionEvents {
    return {
      online: () => {
        this.#store.set({ connection: 'online', problem: null })
        this.#following = false
        void this.#loop.wake()
      },
      offline: (problem) => {
        this.#following = false
        this.#store.set({ connection: 'offline', problem })
      },
      event: (event) => {
        if (event.sessionId === this.#state.sessionId && !this.#feed.take(event)) this.#followAgain()
      },
      cut: ({ sessionId, reason }) => {
        if (sessionId !== null && sessionId !== this.#state.sessionId) return
        if (reason === 'deleted') return this.#loseSession('This conversation was deleted. This is a new one.')
        this.#followAgain()
      },
      newVisitor: () => this.#loseSession(GONE),
    }
  }

  /** One step; false when there is nothing to do or something to wait for. */
  async #step(): Promise<boolean> {
    const { sessionId, outbox } = this.#state
    if (!this.#connection?.online) return false
    if (sessionId && !this.#following) return this.#follow(this.#connection, sessionId)
    const message = nextToSend(outbox)
    if (!message) return false
    return sessionId ? this.#deliver(this.#connection, sessionId, message) : this.#createSession(message)
  }

  async #follow(connection: Connection, sessionId: string): Promise<boolean> {
    const ack = await connection.request('subscribe', { sessionId, after: this.#feed.view.seq })
    if (sessionId !== this.#state.sessionId) return true
    if (ack.ok) {
      this.#following = true
      this.#feed.begins(ack.body)
      return true
    }
    if (ack.error.code === 'cursor_ahead' && this.#feed.view.seq > 0) {
      // The log was set back (a restored backup): what it holds now counts.
      this.#feed.reset()
      return true
    }
    return this.#wait(ack.error)
  }

  async #deliver(connection: Connection, sessionId: string, message: PendingMessage): Promise<boolean> {
    const { idempotencyKey, text } = message
    const sentAfterRunNo = message.sentAfterRunNo ?? newestRunNo(this.#state.outbox, this.#feed.view)
    this.#setOutbox(change(this.#state.outbox, idempotencyKey, { sentAfterRunNo }))
    const ack = await connection.request('message', { sessionId, idempotencyKey, input: text })
    if (sessionId !== this.#state.sessionId) return true
    const accepted = ack.ok ? acceptanceOf(ack.body) : null
    if (accepted) this.#setOutbox(change(this.#state.outbox, idempotencyKey, { accepted }))
    const error = ack.ok ? { code: 'unknown', message: 'The server did not say what became of it.' } : ack.error
    return accepted !== null || this.#wait(error, message)
  }

  async #createSession(message: PendingMessage): Promise<boolean> {
    const { agent } = this.#state
    if (!agent || !this.#endUser) return false
    const { idempotencyKey } = message
    const made = await createSession(this.#options.fetch, this.#endUser, agent.name, `${idempotencyKey}.session`)
    // "New chat" was pressed meanwhile: nobody waits for this session.
    if (!this.#state.outbox.some((other) => other.idempotencyKey === idempotencyKey)) return true
    if ('error' in made) return this.#wait(made.error, message)
    this.#store.enterSession({ ...made, agent: agent.name, endUserId: this.#endUser.grant?.endUserId ?? '' })
    return true
  }

  /** Acts on a refusal; true when the next step can be taken at once. */
  async #wait(error: Refusal, message?: PendingMessage): Promise<boolean> {
    const verdict = verdictOn(error)
    if (verdict === 'renew') await this.#connection?.renew()
    else if (verdict === 'gone' && this.#state.sessionId) this.#loseSession(GONE)
    else if (message && (verdict === 'final' || verdict === 'gone')) {
      this.#setOutbox(change(this.#state.outbox, message.idempotencyKey, { refused: error }))
      return true
    }
    this.#loop.wakeIn(verdict === 'soon' ? SOON_MS : LATER_MS)
    return false
  }

  /** Once: while events go on coming out of order, the pause must not begin anew with each. */
  #followAgain(): void {
    if (!this.#following) return
    this.#following = false
    this.#loop.wakeIn(SOON_MS)
  }

  #show(): void {
    const { restoring, stopping, outbox } = this.#state
    const { view } = this.#feed
    this.#store.set({
      view,
      restoring: restoring && !(this.#following && this.#feed.isWhole),
      stopping: stopping === liveRun(view)?.id ? stopping : null,
    })
    this.#setOutbox(outbox)
  }

  #setOutbox(messages: Outbox): void {
    // By what is shown, not by what the feed has already: else a message would be nowhere for a frame.
    this.#store.setOutbox(settle(messages, this.#state.view))
  }

  #leaveSession(outbox: Outbox, notice: string | null): void {
    const { sessionId } = this.#state
    if (sessionId) void this.#connection?.request('unsubscribe', { sessionId })
    this.#feed.reset()
    this.#following = false
    this.#store.leaveSession(outbox, notice)
  }

  /** The session is out of reach. What was written and not yet taken goes to the next one. */
  #loseSession(notice: string): void {
    if (!this.#state.sessionId) return
    const unsent = this.#state.outbox.filter(({ accepted }) => !accepted)
    this.#leaveSession(forAnotherSession(unsent, newUuid), notice)
    this.#loop.wakeIn(LATER_MS)
  }
}
