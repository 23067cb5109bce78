import type { SessionEvent } from '@shared/domain/events'
import type { LogEntry } from '@shared/domain/logEntry'

/** An event as one reader gets it; `prev` only in the stream of one run: the seq before it in that stream. */
export type DeliveredEvent = SessionEvent & { prev?: number }

export type CutReason = 'slow' | 'deleted' | 'revoked' | 'token_expired' | 'shutdown'

/** One reader's end of the wire. Nothing here waits: what can't be written yet is counted, and too much of it cuts. */
export interface Sink {
  /** Entries that follow on each other, at least one. All who read them live get the same array: frames may be shared. */
  send(entries: readonly LogEntry[]): void
  /** Bytes that the reader has not taken yet. */
  pendingBytes(): number
  /** Resolves when there is room again; used between the pages of a replay. */
  drained(): Promise<void>
  /** The last word: the reader resumes by cursor. */
  cut(reason: CutReason, lastSeq: number): void
}
