import type { SessionEvent } from '@shared/domain/events'
import { EMPTY_VIEW, applyEvent } from '@shared/domain/foldSession'
import { newUuid } from '@shared/domain/ids'
import { isObject } from '@shared/domain/json'
import type { DemoConfig } from './config.ts'
import type { Connection, ConnectionEvents } from './connection.ts'
import { liveRun } from './conversation.ts'
import type { EndUser } from './endUser.ts'
import { type Fetch, type Refusal, callApi } from './http.ts'
import { type KeptOutbox, type KeptSession, restoreOutbox } from './kept.ts'
import { type Outbox, type PendingMessage, change, forAnotherSession, nextToSend, settle } from './outbox.ts'
import { StateStore } from './state.ts'
import type { Stored } from './storage.ts'

export interface ChatOptions {
  loadConfig(): Promise<DemoConfig>
  fetch: Fetch
  openEndUser(publishableKey: string): EndUser
  openConnection(endUser: EndUser, events: ConnectionEvents): Connection
  keptSession: Stored<KeptSession>
  keptOutbox: Stored<KeptOutbox>
}

/** Events that come within one frame are rendered at once. */
const FRAME_MS = 16
const SOON_MS = 300
const LATER_MS = 1_500

/** Refusals that may be other in a moment. */
const PASSING = new Set(['rate_limited', 'unavailable', 'internal', 'idempotency_in_progress', 'session_busy'])
const GONE = 'The earlier conversation is no longer there. This is a new one.'

/**
 * One conversation with an agent: what is said, in which order, and what to do when the connection, the token or the
 * session is lost. Knows no React and no DOM.
 *
 * start → online → #goOn: follow the session (subscribe after the view's seq) → send what waits, one after another
 * event → #fold into the view → one commit a frame → settle the outbox
 * cut, gap, offline → not following → #goOn again
 */
export class Chat {
  #options: ChatOptions
  #store = new StateStore()
  #endUser: EndUser | null = null
  #connection: Connection | null = null
  /** Newer than the state's view by what has come within this frame. */
  #view = EMPTY_VIEW
  #following = false
  /** The log's end when it was subscribed; the conversation is whole once the view has come there. */
  #target = 0
  #busy = false
  #again = false
  #commitTimer: ReturnType<typeof setTimeout> | undefined
  #laterTimer: ReturnType<typeof setTimeout> | undefined

  subscribe = this.#store.subscribe
  getSnapshot = this.#store.getSnapshot

  constructor(options: ChatOptions) {
    this.#options = options
  }

  /** Reads the configuration, however long the server takes to come up, and goes on where the last visit ended. */
  async start(): Promise<void> {
    const { publishableKey, agents } = await this.#loadConfig()
    this.#endUser = this.#options.openEndUser(publishableKey)
    const kept = this.#options.keptSession.read()
    const session = kept?.endUserId === this.#endUser.grant?.endUserId ? kept : null
    const sessionId = session?.sessionId ?? null
    const agent = agents.find(({ name }) => name === session?.agent) ?? agents[0] ?? null
    const outbox = restoreOutbox(this.#options.keptOutbox.read(), sessionId, newUuid)
    this.#store.set({ phase: 'ready', connection: 'connecting', agents, agent, sessionId, restoring: sessionId !== null })
    this.#setOutbox(outbox)
    this.#connection = this.#options.openConnection(this.#endUser, this.#events())
    this.#connection.open()
  }

  send(text: string): void {
    const message = { idempotencyKey: newUuid(), text: text.trim() }
    if (message.text === '') return
    this.#setOutbox([...this.#state.outbox, message])
    void this.#goOn()
  }

  /** A message that was refused, once more; the server has seen its key, so it gets a new one. */
  sendAgain(idempotencyKey: string): void {
    const renewed = (message: PendingMessage) =>
      message.idempotencyKey === idempotencyKey ? { idempotencyKey: newUuid(), text: message.text } : message
    this.#setOutbox(this.#state.outbox.map(renewed))
    void this.#goOn()
  }

  discard(idempotencyKey: string): void {
    this.#setOutbox(this.#state.outbox.filter((message) => message.idempotencyKey !== idempotencyKey))
  }

  /** Cancels the run that is worked on. */
  async stop(): Promise<void> {
    const run = liveRun(this.#view)
    if (!run || !this.#connection || this.#state.stopping === run.id) return
    this.#store.set({ stopping: run.id })
    const ack = await this.#connection.request('cancel', { runId: run.id, idempotencyKey: newUuid() })
    if (!ack.ok) this.#store.set({ stopping: null, notice: `The answer could not be stopped. ${ack.error.message}` })
  }

  /** Leaves the conversation; the next message begins another one, with the named agent or the same. */
  newChat(agentName?: string): void {
    const agent = this.#state.agents.find(({ name }) => name === agentName) ?? this.#state.agent
    this.#leaveSession()
    this.#setOutbox([])
    this.#store.set({ agent, notice: null })
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
        void this.#goOn()
      },
      offline: (problem) => {
        this.#following = false
        this.#store.set({ connection: 'offline', problem })
      },
      event: (event) => this.#fold(event),
      cut: ({ sessionId, reason }) => {
        if (sessionId !== null && sessionId !== this.#state.sessionId) return
        if (reason === 'deleted') return this.#loseSession('This conversation was deleted. This is a new one.')
        this.#following = false
        this.#later(SOON_MS)
      },
      newVisitor: () => this.#loseSession(GONE),
    }
  }

  async #loadConfig(): Promise<DemoConfig> {
    for (let pause = 500; ; pause = Math.min(pause * 2, 5_000)) {
      try {
        return await this.#options.loadConfig()
      } catch (error) {
        this.#store.set({ connection: 'offline', problem: error instanceof Error ? error.message : null })
        await new Promise((resolve) => setTimeout(resolve, pause))
      }
    }
  }

  /** Does what there is to do, one thing at a time; whoever comes meanwhile has it looked through once more. */
  async #goOn(): Promise<void> {
    this.#again = true
    if (this.#busy) return
    this.#busy = true
    try {
      while (this.#again) {
        this.#again = false
        while (await this.#step());
      }
    } finally {
      this.#busy = false
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
    const ack = await connection.request('subscribe', { sessionId, after: this.#view.seq })
    if (sessionId !== this.#state.sessionId) return true
    if (ack.ok) {
      this.#following = true
      this.#target = isObject(ack.body) && typeof ack.body.lastSeq === 'number' ? ack.body.lastSeq : 0
      this.#commit()
      return true
    }
    if (ack.error.code === 'cursor_ahead') {
      // The log was set back (a restored backup): what it holds now counts.
      this.#view = EMPTY_VIEW
      return true
    }
    return this.#wait(ack.error)
  }

  async #deliver(connection: Connection, sessionId: string, message: PendingMessage): Promise<boolean> {
    const { idempotencyKey, text } = message
    const sentAfterRunNo = message.sentAfterRunNo ?? this.#view.runs.at(-1)?.runNo ?? 0
    this.#setOutbox(change(this.#state.outbox, idempotencyKey, { sentAfterRunNo }))
    const ack = await connection.request('message', { sessionId, idempotencyKey, input: text })
    if (sessionId !== this.#state.sessionId) return true
    const accepted = ack.ok ? toAccepted(ack.body) : null
    if (accepted) this.#setOutbox(change(this.#state.outbox, idempotencyKey, { accepted }))
    const error = ack.ok ? { code: 'unknown', message: 'The server did not say what became of it.' } : ack.error
    return accepted !== null || this.#wait(error, message)
  }

  async #createSession(message: PendingMessage): Promise<boolean> {
    const { agent } = this.#state
    if (!agent || !this.#endUser) return false
    try {
      const bearer = await this.#endUser.token()
      const idempotencyKey = `${message.idempotencyKey}.session`
      const answer = await callApi(this.#options.fetch, '/v1/sessions', { bearer, idempotencyKey, body: { agent: agent.name } })
      // "New chat" was pressed meanwhile: nobody waits for this session.
      if (!this.#state.outbox.some((other) => other.idempotencyKey === message.idempotencyKey)) return true
      if (!answer.ok) return this.#wait(answer.error, message)
      const sessionId = isObject(answer.body) && typeof answer.body.id === 'string' ? answer.body.id : null
      this.#options.keptSession.write(
        sessionId && { sessionId, agent: agent.name, endUserId: this.#endUser.grant?.endUserId ?? '' },
      )
      this.#store.set({ sessionId })
      this.#setOutbox(this.#state.outbox)
      return true
    } catch {
      this.#later(LATER_MS)
      return false
    }
  }

  /** What a refusal asks for; true when the next step can be taken at once. */
  async #wait(error: Refusal, message?: PendingMessage): Promise<boolean> {
    if (error.code === 'token_expired' || error.code === 'unauthorized') await this.#connection?.renew()
    else if (this.#state.sessionId && (error.code === 'not_found' || error.code === 'forbidden')) this.#loseSession(GONE)
    else if (message && error.code !== 'not_connected' && !PASSING.has(error.code)) {
      this.#setOutbox(change(this.#state.outbox, message.idempotencyKey, { refused: error }))
      return true
    }
    this.#later(error.code === 'not_connected' ? SOON_MS : LATER_MS)
    return false
  }

  #later(milliseconds: number): void {
    clearTimeout(this.#laterTimer)
    this.#laterTimer = setTimeout(() => void this.#goOn(), milliseconds)
  }

  #fold(event: SessionEvent): void {
    if (event.sessionId !== this.#state.sessionId) return
    const isSnapshot = event.type === 'snapshot'
    if (!isSnapshot && event.seq > this.#view.seq + 1) {
      // Something is missing in between. Nothing is skipped: it is asked for again from here.
      this.#following = false
      return this.#later(SOON_MS)
    }
    if (!isSnapshot || event.seq >= this.#view.seq) this.#view = applyEvent(this.#view, event)
    this.#commitTimer ??= setTimeout(() => this.#commit(), FRAME_MS)
  }

  #commit(): void {
    clearTimeout(this.#commitTimer)
    this.#commitTimer = undefined
    const { restoring, stopping } = this.#state
    const view = this.#view
    const stillStopping = stopping === liveRun(view)?.id ? stopping : null
    this.#store.set({ view, restoring: restoring && (!this.#following || view.seq < this.#target), stopping: stillStopping })
    this.#setOutbox(this.#state.outbox)
  }

  #setOutbox(messages: Outbox): void {
    const outbox = settle(messages, this.#view)
    const { sessionId } = this.#state
    this.#options.keptOutbox.write(outbox.length > 0 ? { sessionId, messages: outbox } : null)
    if (outbox !== this.#state.outbox) this.#store.set({ outbox })
  }

  #leaveSession(): void {
    const { sessionId } = this.#state
    if (sessionId) void this.#connection?.request('unsubscribe', { sessionId })
    this.#view = EMPTY_VIEW
    this.#following = false
    this.#options.keptSession.write(null)
    this.#store.set({ sessionId: null, restoring: false, stopping: null, view: EMPTY_VIEW })
  }

  /** The session is out of reach. What was written and not yet taken goes to the next one. */
  #loseSession(notice: string): void {
    if (!this.#state.sessionId) return
    const unsent = this.#state.outbox.filter(({ accepted }) => !accepted)
    this.#leaveSession()
    this.#store.set({ notice })
    this.#setOutbox(forAnotherSession(unsent, newUuid))
  }
}

function toAccepted(body: unknown): PendingMessage['accepted'] | null {
  if (!isObject(body) || !isObject(body.item)) return null
  const { item, seq } = body
  return typeof item.id === 'string' && typeof seq === 'number' ? { itemId: item.id, seq } : null
}
