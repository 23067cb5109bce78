import type { SessionEvent } from '@shared/domain/events'

/** An event as one reader gets it; `prev` only in the stream of one run: the seq before it in that stream. */
export type DeliveredEvent = SessionEvent & { prev?: number }

export type CutReason = 'slow' | 'deleted' | 'token_expired' | 'shutdown'

/** One reader's end of the wire. Nothing here waits: what can't be written yet is counted, and too much of it cuts. */
export interface Sink {
  send(event: DeliveredEvent): void
  /** Bytes that the reader has not taken yet. */
  pendingBytes(): number
  /** Resolves when there is room again; used between the pages of a replay. */
  drained(): Promise<void>
  /** The last word: the reader resumes by cursor. */
  cut(reason: CutReason, lastSeq: number): void
}

const texts = new WeakMap<DeliveredEvent, string>()

/** An event's JSON, made once however many read it. */
export function textOf(event: DeliveredEvent): string {
  const known = texts.get(event)
  if (known !== undefined) return known
  const text = JSON.stringify(event)
  texts.set(event, text)
  return text
}
