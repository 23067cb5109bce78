import { EMPTY_VIEW, type SessionView } from '@shared/domain/foldSession'
import { newUuid } from '@shared/domain/ids'
import type { AgentChoice } from './config.ts'
import { type KeptOutbox, type KeptSession, restoreOutbox } from './kept.ts'
import type { Outbox } from './outbox.ts'
import type { Stored } from './storage.ts'

/** All that the page shows. Immutable: each change makes a new one. */
export interface ChatState {
  phase: 'loading' | 'ready'
  agents: readonly AgentChoice[]
  agent: AgentChoice | null
  connection: 'connecting' | 'online' | 'offline'
  /** What stands in the way of a connection, when it is more than the network. */
  problem: string | null
  /** Something that happened to the conversation and that the user should know. */
  notice: string | null
  sessionId: string | null
  /** The kept conversation is still being read. */
  restoring: boolean
  view: SessionView
  outbox: Outbox
  /** The run that the user has asked to stop. */
  stopping: string | null
}

const INITIAL: ChatState = {
  phase: 'loading',
  agents: [],
  agent: null,
  connection: 'connecting',
  problem: null,
  notice: null,
  sessionId: null,
  restoring: false,
  view: EMPTY_VIEW,
  outbox: [],
  stopping: null,
}

/** What of the state outlives the page: the session over all tabs, the outbox with its tab. */
export interface Kept {
  session: Stored<KeptSession>
  outbox: Stored<KeptOutbox>
}

/** The state and those who want to know when it changes; fits React's useSyncExternalStore. */
export class StateStore {
  #state = INITIAL
  #kept: Kept
  #listeners = new Set<() => void>()

  constructor(kept: Kept) {
    this.#kept = kept
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  getSnapshot = (): ChatState => this.#state

  set(changes: Partial<ChatState>): void {
    this.#state = { ...this.#state, ...changes }
    for (const listener of this.#listeners) listener()
  }

  /** Goes on with the kept conversation, if it is this visitor's, and with what waited or has come to be sent. */
  restore(agents: readonly AgentChoice[], endUserId: string | null): void {
    const kept = this.#kept.session.read()
    const session = kept?.endUserId === endUserId ? kept : null
    const sessionId = session?.sessionId ?? null
    const agent = agents.find(({ name }) => name === session?.agent) ?? agents[0] ?? null
    const outbox = [...restoreOutbox(this.#kept.outbox.read(), sessionId, newUuid), ...this.#state.outbox]
    const restoring = sessionId !== null
    this.set({ phase: 'ready', connection: 'connecting', problem: null, agents, agent, sessionId, restoring, outbox })
    this.#keepOutbox()
  }

  setOutbox(outbox: Outbox): void {
    if (outbox === this.#state.outbox) return
    this.set({ outbox })
    this.#keepOutbox()
  }

  enterSession(session: KeptSession): void {
    this.#kept.session.write(session)
    this.set({ sessionId: session.sessionId })
    this.#keepOutbox()
  }

  leaveSession(outbox: Outbox, notice: string | null): void {
    this.#kept.session.write(null)
    this.set({ sessionId: null, restoring: false, stopping: null, view: EMPTY_VIEW, outbox, notice })
    this.#keepOutbox()
  }

  #keepOutbox(): void {
    const { phase, sessionId, outbox } = this.#state
    // What an earlier page kept has not been read yet.
    if (phase === 'loading') return
    this.#kept.outbox.write(outbox.length > 0 ? { sessionId, messages: outbox } : null)
  }
}
