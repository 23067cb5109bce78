import type { SessionEvent } from '@agentview/contracts'
import type { ClientError } from '../clientError.ts'
import type { TransportName } from '../options.ts'

/** What is to be read, and by what right. */
export interface Reading {
  sessionId: string
  /** The seq to begin after. */
  after: number
  token: string
  key: string | null
  /** Fires when nobody wants to read any more. */
  signal: AbortSignal
}

export interface Reader {
  /** Events come from now on. */
  opened(): void
  event(event: SessionEvent): void
  /** The token ends soon: another one, or null when there is none. */
  renew(token: string): Promise<string | null>
}

/**
 * How a connection ended: it was `lost` (or never came up), the server has `cut` it with a reason and told why, or it has
 * `refused` to begin.
 */
export type Ending =
  { kind: 'lost'; why: string } | { kind: 'cut'; reason: string } | { kind: 'refused'; error: ClientError }

/** One way for events to come. Each connection begins at a cursor, so any can go on where another has stopped. */
export interface Transport {
  readonly name: TransportName
  /** Reads over one connection until it ends; never rejects. */
  read(reading: Reading, reader: Reader): Promise<Ending>
}
