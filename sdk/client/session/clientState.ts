import type { Json, Run, Session, SessionView } from '@agentview/contracts'
import type { Message } from '../messages/message.ts'
import type { Outbox } from '../messages/outbox.ts'
import type { PendingCall } from '../tools/toolRunner.ts'
import type { ConnectionState } from '../transport/follower.ts'

/** What the conversation does: nothing, or how far its first unfinished turn is. */
export type ConversationStatus = 'idle' | 'sending' | 'queued' | 'running' | 'paused' | 'retrying'

/** What a paused run waits for. */
export interface PauseState {
  readonly runId: string
  readonly pauseId: string
  readonly expiresAt: string
  readonly calls: readonly PendingCall[]
}

/** All that a page shows of a client. Immutable: a new object on every change, what has not changed is shared. */
export interface ClientState {
  readonly connection: ConnectionState
  /** Null until the first message has begun a session. */
  readonly sessionId: string | null
  readonly session: Session | null
  /** The session is being read. */
  readonly loading: boolean
  readonly messages: readonly Message[]
  /** Older messages can be had by `loadOlderMessages`. */
  readonly hasOlder: boolean
  readonly loadingOlder: boolean
  readonly runs: readonly Run[]
  /** The run that is worked on or next in line. */
  readonly run: Run | null
  readonly status: ConversationStatus
  /** Why a run waits for its next attempt, by run. */
  readonly retrying: SessionView['retrying']
  readonly pause: PauseState | null
  /** The session's state, as the agent left it. */
  readonly state: Json
}

/** The run that is worked on or next in line; null when the agent has nothing to do. */
export function liveRun(runs: readonly Run[]): Run | null {
  return runs.find(({ status }) => status === 'queued' || status === 'running' || status === 'paused') ?? null
}

/** `pending`: what was sent from here and the view does not have yet. */
export function statusOf(run: Run | null, view: SessionView, pending: Outbox): ConversationStatus {
  if (run && Object.hasOwn(view.retrying, run.id)) return 'retrying'
  if (run?.status === 'queued' || run?.status === 'running' || run?.status === 'paused') return run.status
  if (pending.some(({ accepted }) => accepted)) return 'queued'
  return pending.some(({ refused }) => !refused) ? 'sending' : 'idle'
}
