import type { Cut } from '@shared/domain/cuts'
import type { SessionEvent } from '@shared/domain/events'
import type { LogEntry } from '@shared/domain/logEntry'

/**
 * The queue and pub/sub behind one small port; redis/ and postgres/ implement it and one conformance suite runs on both.
 * Nothing here is relied on for truth: bells and news may be lost, late or doubled at any time (Postgres decides, the
 * reconciler rings again, readers compare seqs).
 */
export interface Broker {
  readonly kind: 'redis' | 'postgres'

  /**
   * Rings for runs that are due: one queue job for all run ids given within one tick. Ids are hints, not rights.
   * Rejects within `tunables.redisCommand` when the queue is away; callers don't await it on a request's way.
   */
  ring(runIds: readonly string[]): Promise<void>

  /** Takes bells, one handler call at a time, until closed. Other processes that answer share the bells. */
  answerBells(handler: (runIds: string[]) => Promise<void>): Promise<BellAnswering>

  /** Says what was committed, in the order given. Also reaches listeners of the same process. Rejects when pub/sub is away. */
  publish(news: readonly SessionNews[]): Promise<void>

  /**
   * From the resolved promise on, news of that session reaches `onNews` listeners of this process. Counted per session.
   * While pub/sub is away it resolves at once: `onReconnect` follows, as for all that is missed.
   */
  watch(sessionId: string): Promise<void>
  /** Takes one `watch` back. */
  unwatch(sessionId: string): void
  /** Returns the function that removes the listener. */
  onNews(listener: (news: HeardNews) => void): () => void

  /** Tells every worker process to look at these runs' aborts at once (the heartbeat is the backstop). */
  publishAborts(runIds: readonly string[]): Promise<void>
  onAborts(listener: (runIds: string[]) => void): () => void

  /**
   * Tells every process, this one at once, whom to send nothing more. Those that miss it find out by themselves:
   * shared/delivery looks after what is read (`tunables.sweep`) and by whom (`tunables.principalSweep`).
   */
  publishCuts(cuts: readonly Cut[]): Promise<void>
  onCuts(listener: (cuts: Cut[]) => void): () => void

  /** Called after pub/sub was away and is back: what was said meanwhile is lost, so readers compare seqs. */
  onReconnect(listener: () => void): () => void

  /** Null when queue and pub/sub are connected, else what is wrong, for /health/ready. */
  fault(): string | null

  /** Bells that wait in the queue, or null when it can't be asked now. */
  depth(): Promise<number | null>

  /** Bounded also while the backend is away. */
  close(): Promise<void>
}

export interface BellAnswering {
  /** Takes no further bells (others may), e.g. while all slots are busy. Idempotent, immediate. */
  pause(): void
  resume(): void
  /** Stops for good; bounded also while the backend is away. A bell whose handler had not returned may ring again. */
  close(): Promise<void>
}

/** One session's newest seq, and the events up to it (contiguous, ascending). */
export interface SessionNews {
  sessionId: string
  lastSeq: number
  events?: readonly SessionEvent[]
}

/** The same as it is heard; without entries where the broker doesn't carry them. */
export interface HeardNews {
  sessionId: string
  lastSeq: number
  entries?: readonly LogEntry[]
}
