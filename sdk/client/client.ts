import {
  type Acceptance,
  type AgentSummary,
  type Approval,
  EMPTY_VIEW,
  type FeedbackRequest,
  type JsonObject,
  type MessageOptions,
  type Page,
  type PageRequest,
  type Run,
  type Score,
  type Session,
  type SessionAcceptance,
  type SessionChange,
  type SessionEvent,
  type SessionRequest,
  type SessionView,
  type ToolResult,
} from '@agentview/contracts'
import { ClientError, toClientError } from './clientError.ts'
import { Emitter } from './emitter.ts'
import type { ClientEvents } from './events.ts'
import { readAgents } from './http/answers.ts'
import { Api } from './http/api.ts'
import { Memories } from './memories.ts'
import { isOutbox, ofConversation, settle } from './messages/outbox.ts'
import { Sender } from './messages/sender.ts'
import { browserLocks, newKey, onNetwork } from './platform.ts'
import type { CallOptions, ClientOptions } from './options.ts'
import { partsOf } from './parts.ts'
import { type ClientState, type PauseState, liveRun, statusOf } from './session/clientState.ts'
import { Conversation } from './session/conversation.ts'
import { OlderItems } from './session/olderItems.ts'
import { Runs } from './session/runs.ts'
import { SessionFeed } from './session/sessionFeed.ts'
import { type SessionQuery, Sessions } from './session/sessions.ts'
import { StateTeller } from './session/stateTeller.ts'
import { type Tell, isOfMessage, tellEvent } from './session/tellEvent.ts'
import { stored } from './storage/stored.ts'
import type { ToolHandlers } from './tools/toolHandlers.ts'
import { ToolRunner } from './tools/toolRunner.ts'
import { backoff, sleep } from './timing.ts'
import { Follower } from './transport/follower.ts'

/** What is said of a session that is begun; the agent is the client's unless said. */
export type NewSession = Partial<SessionRequest>

export interface SendOptions extends MessageOptions {
  /** Of the session, when this message begins one. */
  session?: NewSession
}

export interface RunAnswers {
  /** The run that is paused, unless said. */
  runId?: string
  toolResults?: ToolResult[]
  approvals?: Approval[]
}

// sendMessage ─▶ Sender ─▶ POST ─▶ … ─▶ Follower ─▶ SessionFeed (fold) ─▶ StateTeller ─▶ getState, events
//                                                       └─▶ ToolRunner (a paused run) ─▶ resume

/**
 * One conversation with an agent, and what goes with it: its session and the visitor's others, runs, tools of the front
 * end, feedback. Knows no framework. Everything that comes is in `getState()` and told by events; calls reject with
 * ClientError.
 */
export class AgentViewClient {
  /** What is remembered of the user, over all sessions. */
  readonly memories: Memories
  readonly #emitter = new Emitter()
  readonly #tell: Tell = (name, ...values) => this.#emitter.emit(name, ...values)
  readonly #agent: string | undefined
  readonly #autoConnect: boolean
  readonly #api: Api
  readonly #sessions: Sessions
  readonly #runs: Runs
  readonly #follower: Follower
  readonly #sender: Sender
  readonly #tools: ToolRunner
  readonly #teller: StateTeller
  #conversation = new Conversation()
  #connected = false
  #disconnected = false
  #pause: PauseState | null = null
  #ignoreNetwork = (): void => undefined

  /** Does nothing yet: `connect()`, or the first message or session, begins. Throws ClientError `invalid_use`. */
  constructor(options: ClientOptions) {
    const { defaults, storage, tabStorage, transports, credentials } = partsOf(options)
    const by = credentials(() => this.#lose('new_visitor'))
    this.#agent = options.agent
    this.#autoConnect = options.autoConnect ?? true
    this.#api = new Api(defaults, by)
    this.#sessions = new Sessions(this.#api)
    this.#runs = new Runs(this.#api)
    this.memories = new Memories(this.#api)
    this.#tools = new ToolRunner(
      {
        resume: (runId, body) => this.#runs.resume(runId, body),
        locks: browserLocks(),
        storage,
        changed: () => this.#teller.touch(),
      },
      options.tools ?? {},
    )
    this.#follower = new Follower({
      transports,
      credentials: by,
      knock: () => this.#api.once({ method: 'GET', path: '/v1/agents', query: { limit: 1 } }, readAgents),
      changed: (connection) => {
        this.#teller.touch()
        this.#tell('connection:change', connection)
        if (connection.status === 'online') this.#sender.hurry()
      },
    })
    const kept = stored(tabStorage, `agentview.outbox.${options.agent ?? ''}`, isOutbox)
    this.#sender = new Sender(this.#api, kept, {
      changed: () => this.#settle(),
      newestRunNo: (sessionId) => (sessionId === this.#conversation.sessionId ? newestRunNo(this.#view) : 0),
      begun: (draft, acceptance) => this.#begun(draft, acceptance),
      refused: (_message, error) => this.#tell('error', error),
      restored: () => this.#adoptDraft(),
    })
    this.#teller = new StateTeller(() => this.#derive(), this.#tell)
  }

  /** Calls the listener each time. The function that is given back takes it away again. */
  on<Name extends keyof ClientEvents>(name: Name, listener: ClientEvents[Name]): () => void {
    this.#emitter.on(name, listener)
    return () => this.off(name, listener)
  }

  once<Name extends keyof ClientEvents>(name: Name, listener: ClientEvents[Name]): void {
    this.#emitter.once(name, listener)
  }

  off<Name extends keyof ClientEvents>(name: Name, listener: ClientEvents[Name]): void {
    this.#emitter.off(name, listener)
  }

  /** All that a page shows; the same object until something changes. */
  getState = (): ClientState => this.#teller.get()

  /** Calls the listener when `getState()` gives something else; fits React's useSyncExternalStore. */
  subscribe = (listener: () => void): (() => void) => this.on('state:change', listener)

  /** Begins to read and to send, and goes on with it whatever happens, until `disconnect()`. */
  connect(): void {
    if (this.#connected) return
    this.#connected = true
    this.#disconnected = false
    this.#ignoreNetwork = onNetwork(() => this.hurry())
    this.#follow()
    this.#sender.resume()
  }

  /** Ends the connection. What is sent from now on waits for `connect()`. */
  disconnect(): void {
    this.#connected = false
    this.#disconnected = true
    this.#ignoreNetwork()
    this.#follower.stop()
    this.#sender.pause()
  }

  /** The network may be back: tries at once what waits for its next try. */
  hurry(): void {
    this.#follower.hurry()
    this.#sender.hurry()
  }

  /**
   * Sends a message to the open session, or begins one with it. It is shown at once, goes out when there is a network, in
   * the order of the calls, and arrives once. Resolves when the server has taken it; a refusal is also the message's
   * `error`, so nobody has to wait.
   */
  async sendMessage(input: string | JsonObject, options: SendOptions = {}): Promise<Acceptance> {
    const { session, ...rest } = options
    const { sessionId, draft } = this.#conversation
    const target = sessionId === null ? { draft, session: this.#newSession(session) } : { sessionId }
    const createdAt = new Date().toISOString()
    this.#wanted()
    return this.#sender.add({ key: newKey(), input, options: rest, target, createdAt })
  }

  /** A message that was refused (`failed`), once more. */
  resendMessage(key: string): void {
    const renewed = newKey()
    this.#sender.update((outbox) =>
      outbox.map((message) => {
        if (message.key !== key || !message.refused) return message
        const { refused, sent: _sent, sentAfterRunNo: _after, ...again } = message
        // The server may have seen its key, and refused it; one at which it failed it may have taken.
        return refused?.code === 'internal' ? again : { ...again, key: renewed }
      }),
    )
  }

  /** Takes away a message that the server has not taken; one that is just being sent may have arrived all the same. */
  discardMessage(key: string): void {
    this.#sender.discard(key)
  }

  /** Ends a run early, the live one unless said; null when there is none. */
  async cancelRun(runId?: string, options: CallOptions = {}): Promise<Run | null> {
    const id = runId ?? liveRun(this.#view.runs)?.id
    return id === undefined ? null : this.#runs.cancel(id, options)
  }

  /**
   * Answers calls of a paused run, which goes on once all are answered. Answers that somebody else has given before are no
   * error: the run is given as it is. See `setTools` for tools that answer by themselves.
   */
  async continueRun({ runId, toolResults, approvals }: RunAnswers, options: CallOptions = {}): Promise<Run> {
    const run = this.#view.runs.find(({ id, pause }) => (runId === undefined ? pause !== undefined : id === runId))
    if (!run?.pause) throw new ClientError('not_paused', 'No run of this session is paused.')
    const answers = { ...(toolResults && { toolResults }), ...(approvals && { approvals }) }
    return this.#runs.resume(run.id, { pauseId: run.pause.pauseId, ...answers }, options)
  }

  /** The last run anew, with the same input; what it had made is hidden. */
  async retryRun(runId?: string, options: CallOptions = {}): Promise<Acceptance> {
    const id = runId ?? this.#view.runs.at(-1)?.id
    if (id === undefined) throw new ClientError('not_found', 'There is no run in this session.')
    return this.#runs.retry(id, options)
  }

  /** What the user makes of an item; said again it replaces what was said before. */
  sendFeedback(itemId: string, feedback: FeedbackRequest, options: CallOptions = {}): Promise<Score> {
    return this.#runs.giveFeedback(itemId, feedback, options)
  }

  /** The tools of the front end, in place of those before. Calls that wait for one of them are taken up. */
  setTools(handlers: ToolHandlers): void {
    this.#tools.setHandlers(handlers)
  }

  /** Allows a call of the paused run: its handler runs. Without a handler the agent is told that it is allowed. */
  approveCall(callId: string): Promise<void> {
    return this.#tools.approve(callId)
  }

  /** Forbids a call of the paused run; the agent is told so. */
  rejectCall(callId: string, reason?: string): Promise<void> {
    return this.#tools.reject(callId, reason)
  }

  listAgents(query: PageRequest = {}, options: CallOptions = {}): Promise<Page<AgentSummary>> {
    return this.#api.call({ ...options, method: 'GET', path: '/v1/agents', query: { ...query } }, readAgents)
  }

  /** The user's sessions, newest first unless said. */
  listSessions(query: SessionQuery = {}, options: CallOptions = {}): Promise<Page<Session>> {
    return this.#sessions.list(query, options)
  }

  /** Begins a session and opens it. A first message begins one by itself, so this is for a session without a message. */
  async createSession(session: NewSession = {}, options: CallOptions = {}): Promise<Session> {
    this.#wanted()
    const created = await this.#sessions.create(this.#newSession(session), options)
    this.#open(new Conversation(created.id), { ...EMPTY_VIEW, session: created, state: created.state })
    this.#tell('session:created', created)
    return created
  }

  /**
   * Opens a session, with its newest messages; waits for a network as long as it takes. Rejects when the session is not
   * there (`not_found`), or when another one is opened meanwhile (`aborted`).
   */
  async loadSession(sessionId: string, options: CallOptions = {}): Promise<Session> {
    this.#wanted()
    const conversation = new Conversation(sessionId)
    this.#turnTo(conversation)
    try {
      const view = await this.#read(conversation, options)
      this.#open(conversation, view, 'bulk')
      const session = view.session!
      this.#tell('session:loaded', session)
      return session
    } catch (error) {
      if (this.#conversation === conversation) this.startNewSession()
      throw error
    }
  }

  /** Leaves the open session; the next message begins another one. */
  startNewSession(): void {
    this.#turnTo(new Conversation())
    this.#follow()
    this.#teller.flush('bulk')
  }

  /** One more page of messages before the first one; see `hasOlder`. */
  async loadOlderMessages(): Promise<void> {
    const { older } = this.#conversation
    if (!older) return
    const loaded = older.load()
    this.#teller.touch()
    await loaded.finally(() => this.#teller.touch())
  }

  /** `metadata` is merged, a null takes its key away; a `title` of null takes the title away. */
  async updateSession(sessionId: string, change: SessionChange, options: CallOptions = {}): Promise<Session> {
    const session = await this.#sessions.update(sessionId, change, options)
    // Of the open one the log tells.
    if (sessionId !== this.#conversation.sessionId) this.#tell('session:updated', session)
    return session
  }

  async deleteSession(sessionId: string, options: CallOptions = {}): Promise<void> {
    await this.#sessions.delete(sessionId, options)
    if (sessionId === this.#conversation.sessionId) this.startNewSession()
    this.#tell('session:deleted', { sessionId })
  }

  get #view(): SessionView {
    return this.#conversation.view
  }

  /** Somebody wants something of the server. */
  #wanted(): void {
    if (this.#autoConnect && !this.#disconnected) this.connect()
  }

  #newSession({ agent = this.#agent, ...session }: NewSession = {}): SessionRequest {
    if (agent !== undefined) return { ...session, agent }
    throw new ClientError('invalid_use', 'Say which agent: as an option of the client or of the session.')
  }

  #follow(): void {
    if (this.#connected && !this.#conversation.loading) this.#follower.follow(this.#conversation.feed)
  }

  #turnTo(conversation: Conversation): void {
    this.#conversation.left.abort()
    this.#tools.leave()
    this.#conversation = conversation
    this.#teller.touch()
  }

  /** Reads a session, as often as it takes. */
  async #read(conversation: Conversation, options: CallOptions): Promise<SessionView> {
    const { sessionId, left } = conversation
    for (let failures = 1; sessionId !== null && !left.signal.aborted; failures++) {
      try {
        const view = await this.#sessions.read(sessionId, options)
        if (!left.signal.aborted) return view
      } catch (thrown) {
        const error = toClientError(thrown)
        if (!error.isTemporary || options.signal?.aborted) throw error
        await sleep(error.retryAfterMs ?? backoff(failures), left.signal)
      }
    }
    throw new ClientError('aborted', 'Another session was opened meanwhile.')
  }

  /** From here on the session is followed. */
  #open(conversation: Conversation, view: SessionView, how: 'bulk' | null = null): void {
    const { sessionId } = conversation
    if (sessionId === null) return
    if (this.#conversation !== conversation) this.#turnTo(conversation)
    const current = () => this.#conversation === conversation
    const feed = new SessionFeed(
      sessionId,
      {
        event: (event) => current() && this.#take(event),
        changed: () => current() && this.#teller.touch(),
        gone: (reason) => current() && this.#lose(reason),
      },
      view,
    )
    conversation.feed = feed
    conversation.older = new OlderItems(this.#sessions, feed)
    this.#tools.look(view.runs)
    this.#settle()
    this.#teller.flush(how)
    this.#follow()
  }

  #take(event: SessionEvent): void {
    this.#settle()
    this.#tell('session:event', event)
    if (isOfMessage(event)) return
    this.#tools.look(this.#view.runs)
    this.#teller.flush()
    tellEvent(event, this.#tell)
  }

  /** What was sent and is in the view by now is done. */
  #settle(): void {
    this.#teller.touch()
    const { sessionId, messages } = this.#conversation
    messages.know(this.#sender.outbox)
    this.#sender.update((outbox) => settle(outbox, sessionId, this.#view))
  }

  #begun(draft: string, { session }: SessionAcceptance): void {
    if (this.#conversation.sessionId === null && this.#conversation.draft === draft) {
      this.#conversation.sessionId = session.id
      this.#open(this.#conversation, { ...EMPTY_VIEW, session, state: session.state })
    }
    this.#tell('session:created', session)
  }

  /** An earlier page of this tab had begun a conversation whose first message has not gone out. */
  #adoptDraft(): void {
    const { sessionId, draft } = this.#conversation
    const { outbox } = this.#sender
    if (sessionId !== null || ofConversation(outbox, null, draft).length > 0) return
    const waiting = outbox.find(({ target }) => 'draft' in target)
    if (waiting && 'draft' in waiting.target) this.#conversation.draft = waiting.target.draft
  }

  #lose(reason: string): void {
    const { sessionId } = this.#conversation
    if (sessionId === null) return
    this.startNewSession()
    this.#tell('session:lost', { sessionId, reason })
  }

  #derive(): ClientState {
    const { sessionId, draft, feed, older, loading } = this.#conversation
    const view = this.#view
    const pending = ofConversation(this.#sender.outbox, sessionId, draft)
    const messages = this.#conversation.messages.list(view.items, pending)
    const run = liveRun(view.runs)
    return {
      connection: this.#follower.state,
      ...{ sessionId, session: view.session, loading, messages },
      hasOlder: feed?.mayHaveOlder ?? false,
      loadingOlder: older?.loading ?? false,
      ...{ runs: view.runs, run, status: statusOf(run, view, pending), retrying: view.retrying },
      pause: this.#pauseOf(run),
      state: view.state,
    }
  }

  #pauseOf(run: Run | null): PauseState | null {
    if (!run?.pause) return (this.#pause = null)
    const { pauseId, expiresAt } = run.pause
    const calls = this.#tools.callsOf(run)
    if (this.#pause?.pauseId !== pauseId || this.#pause.calls !== calls)
      this.#pause = { runId: run.id, pauseId, expiresAt, calls }
    return this.#pause
  }
}

function newestRunNo({ runs }: SessionView): number {
  return runs.at(-1)?.runNo ?? 0
}
