import type { Json, Run, RunError, Score, Session, SessionEvent } from '@agentview/contracts'
import type { ClientError } from './clientError.ts'
import type { Message } from './messages/message.ts'
import type { ClientState } from './session/clientState.ts'
import type { ConnectionState } from './transport/follower.ts'

/** What a client tells, by the event's name. */
export interface ClientEvents {
  /** A message is new or has changed; deltas within one frame are told at once. */
  'message:update': (message: Message) => void
  /** A message will not change any more; comes after its last `message:update` and before its run's end. */
  'message:complete': (message: Message) => void

  'run:queued': (run: Run) => void
  /** A worker has begun with the run, for the first time or anew. */
  'run:started': (run: Run) => void
  'run:paused': (run: Run) => void
  /** All calls of the pause are answered. */
  'run:continued': (run: Run) => void
  'run:retrying': (retry: { runId: string; nextAt: string; error: RunError }) => void
  'run:completed': (run: Run) => void
  'run:failed': (run: Run) => void
  'run:cancelled': (run: Run) => void

  /** This client has begun a session. */
  'session:created': (session: Session) => void
  'session:loaded': (session: Session) => void
  'session:updated': (session: Session) => void
  'session:deleted': (session: { sessionId: string }) => void
  /** The open session is out of reach: deleted by somebody, or its visitor is no longer known. */
  'session:lost': (lost: { sessionId: string; reason: string }) => void
  'session:state': (changed: { sessionId: string; state: Json }) => void
  'session:feedback': (feedback: { itemId: string; score: Score }) => void
  /** Every event of the open session's log, in order and once, as the server has it. */
  'session:event': (event: SessionEvent) => void

  /** `getState()` gives something else. */
  'state:change': (state: ClientState) => void
  'connection:change': (connection: ConnectionState) => void
  /** What an agent tells a page beside the conversation. */
  'custom:event': (event: { name: string; data: Json; runId: string | null }) => void
  /** A message was refused. What else goes wrong, the call that was made rejects with, or `connection.problem` says. */
  error: (error: ClientError) => void
}
