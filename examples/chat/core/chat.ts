import type { SessionEvent } from '@shared/domain/events'
import { EMPTY_VIEW, type SessionView, applyEvent } from '@shared/domain/foldSession'
import { newUuid } from '@shared/domain/ids'
import { isObject } from '@shared/domain/json'
import type { AgentChoice, DemoConfig } from './config.ts'
import type { Connection, ConnectionEvents } from './connection.ts'
import { liveRun } from './conversation.ts'
import type { EndUser } from './endUser.ts'
import type { Outbox } from './outbox.ts'
import { change, forAnotherSession, settle } from './outbox.ts'
import { sendPending } from './sendPending.ts'
import type { Stored } from './storage.ts'

export interface ChatState {
  phase: 'loading' | 'ready'
  agents: readonly AgentChoice[]
  agent: AgentChoice | null
  connection: 'connecting' | 'online' | 'offline'
  /** What stands in the way of a connection, when it is known. */
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

/** What a reload must not lose. */
export interface KeptSession {
  sessionId: string
  agent: string
  endUserId: string
}
export interface KeptOutbox {
  sessionId: string | null
  messages: Outbox
}

export interface ChatOptions {
  loadConfig(): Promise<DemoConfig>
  createSession: (endUser: EndUser, agent: string, idempotencyKey: string) => Promise<SessionCreation>
  openEndUser(publishableKey: string): EndUser
  openConnection(endUser: EndUser, events: ConnectionEvents): Connection
  keptSession: Stored<KeptSession>
  keptOutbox: Stored<KeptOutbox>
}
export type SessionCreation = { sessionId: string } | { refused: { status: number; code: string; message: string } }
