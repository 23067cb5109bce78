import type { OnBusy } from '@shared/domain/agents'
import type { SessionEvent } from '@shared/domain/events'
import type { AttemptOutcome, Run, Session } from '@shared/domain/objects'
import type { Script } from '../agent/script.ts'

export interface ExpectedEnd {
  status: 'completed' | 'failed' | 'cancelled'
  /** Codes of the errors of its first attempts; of a failed run: of all, and the last is its own. */
  errors?: readonly string[]
  /** The least wait between two attempts, as its readers were told. */
  retryAfterMs?: number
}

/** What clients saw and did in one strike, in the order in which it happened. The checker knows nothing else. */
export type Entry = { at: number } & (
  | { kind: 'session'; sessionId: string }
  /** A message on its way, once, however often it has to be sent. `key` is its Idempotency-Key. */
  | { kind: 'sent'; key: string; sessionId: string; content: string; script: Script; onBusy?: OnBusy }
  /** One try of it. `status` is null when the connection broke before an answer. */
  | { kind: 'tried'; key: string; status: number | null; why: string }
  | { kind: 'acknowledged'; key: string; status: number; runId: string; itemId: string; seq: number }
  /** Answered 4xx: it must have left nothing behind. */
  | { kind: 'refused'; key: string; status: number; code: string }
  /** Nobody answered for as long as a client is patient. */
  | { kind: 'unanswered'; key: string; why: string }
  | { kind: 'cancelled'; runId: string; status: string }
  | { kind: 'connecting'; reader: string; sessionId: string; url: string; after: number }
  | { kind: 'event'; reader: string; event: SessionEvent }
  | { kind: 'disconnected'; reader: string; why: string }
  /** What the fault hit: the proof that something was in flight. */
  | { kind: 'struck'; what: string }
  /** How the run of a message has to end, whatever else is promised of all runs. */
  | ({ kind: 'expected'; key: string } & ExpectedEnd)
  /** Something that has to stay small, such as a process' memory. */
  | { kind: 'measured'; what: string; value: number; atMost: number }
  | { kind: 'recovered'; what: string; ms: number; withinMs: number }
  /** All runs have to complete, and no attempt may end in one of these ways. */
  | { kind: 'spared'; outcomes: AttemptOutcome[] }
  /** An endpoint is to get every event of these types. */
  | { kind: 'endpoint'; endpoint: string; types: string[] }
  /** A delivery that came to an endpoint, and what it answered. */
  | { kind: 'delivered'; endpoint: string; deliveryId: string; type: string; runId: string; answered: number }
  /** The session at the end, read by a new client: compared with, never trusted alone. */
  | { kind: 'final'; sessionId: string; events: SessionEvent[]; session: Session; runs: Run[] }
)

export type Kind = Entry['kind']
export type EntryOf<K extends Kind> = Extract<Entry, { kind: K }>
