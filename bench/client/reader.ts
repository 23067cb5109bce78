import type { SessionView } from '@shared/domain/foldSession'
import type { EventLog } from './eventLog.ts'

/** Where a reader reads, and who looks over its shoulder. */
export interface ReaderOptions {
  /** Where the events are served, without a trailing slash: the next one at every reconnect. */
  urls: readonly string[]
  token: string
  sessionId: string
  /** The cursor to begin after. */
  after?: number
  /** How long the server may be away, and how long a stream may be silent, in ms. */
  outageMs?: number
  silenceMs?: number
  watch?: ReaderWatch
}

/** What happens to a reader, as it happens. */
export interface ReaderWatch {
  connecting(url: string, after: number): void
  /** The text of one event, as it came. */
  event(data: string): void
  disconnected(why: string): void
}

export const NOBODY: ReaderWatch = {
  connecting: () => undefined,
  event: () => undefined,
  disconnected: () => undefined,
}

/** Somebody who reads one session's events and comes back by cursor after every disconnect. */
export interface Reader {
  readonly log: EventLog
  readonly reconnects: number
  /** Resolves once the folded view is as asked; rejects after `timeoutMs`, or when reading has failed for good. */
  until(done: (view: SessionView) => boolean, timeoutMs: number, what: string): Promise<void>
  /** Drops the connection, as a lost network would; it comes back. */
  drop(): void
  /** Ends the connection; resolves when nothing more can arrive. */
  close(): Promise<void>
}
