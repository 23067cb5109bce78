import { EMPTY_VIEW, type SessionView } from '@shared/domain/foldSession'
import type { AgentChoice } from './config.ts'
import type { Outbox } from './outbox.ts'

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

/** One value and those who want to know when it changes; fits React's useSyncExternalStore. */
export class StateStore {
  #state = INITIAL
  #listeners = new Set<() => void>()

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  getSnapshot = (): ChatState => this.#state

  set(changes: Partial<ChatState>): void {
    this.#state = { ...this.#state, ...changes }
    for (const listener of this.#listeners) listener()
  }
}
