import type { SessionEvent } from '@shared/domain/events'
import { LogEntry } from '@shared/domain/logEntry'
import type { EventPage } from '@shared/store/readEvents'
import type { TailReader, TailSource } from '../sessionTail.ts'

const SESSION = 'ses_01jd0000000000000000000000'

export const event = (seq: number): SessionEvent => ({
  seq,
  type: 'custom',
  sessionId: SESSION,
  at: '2026-01-01T00:00:00.000Z',
  data: { name: 'n', data: seq },
})
export const entry = (seq: number) => LogEntry.of(event(seq))
export const news = (...seqs: number[]) => ({ lastSeq: seqs.at(-1)!, entries: seqs.map(entry) })

/** A log that grows, and how often it was read. */
export class FakeLog implements TailSource {
  lastSeq = 0
  floorSeq = 0
  reads: number[] = []
  failures = 0
  gone = false

  async readPage(after: number): Promise<EventPage | null> {
    this.reads.push(after)
    if (this.failures > 0) {
      this.failures--
      throw new Error('the log is away')
    }
    if (this.gone) return null
    const { lastSeq, floorSeq } = this
    const events = Array.from({ length: Math.min(5, lastSeq - after) }, (_, index) => event(after + index + 1))
    return { lastSeq, floorSeq, events: after < floorSeq ? [] : events }
  }

  async readSnapshotEvent(): Promise<SessionEvent | null> {
    return this.gone
      ? null
      : { ...event(this.lastSeq), type: 'snapshot', data: { session: {}, items: [], runs: [] } as never }
  }
}

export class FakeReader implements TailReader {
  cursor: number
  seqs: number[] = []
  isGone = false

  constructor(cursor: number) {
    this.cursor = cursor
  }

  deliver(entries: readonly LogEntry[]): void {
    for (const { seq } of entries) {
      if (seq <= this.cursor) continue
      this.cursor = seq
      this.seqs.push(seq)
    }
  }

  gone(): void {
    this.isGone = true
  }
}

export const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)
