import type { HeardNews } from '@shared/broker/port'
import type { SessionEvent } from '@shared/domain/events'
import { LogEntry, partsOf } from '@shared/domain/logEntry'
import { tunables } from '@shared/domain/tunables'
import type { EventPage } from '@shared/store/readEvents'

/** What a tail passes its events on to. */
export interface TailReader {
  /** Entries that follow on each other, at least one. */
  deliver(entries: readonly LogEntry[]): void
  gone(): void
}

export interface TailSource {
  /** Null: there is no such session. */
  readPage(after: number): Promise<EventPage | null>
  readSnapshotEvent(): Promise<SessionEvent | null>
}

/** News kept for readers that have not caught up yet; what is beyond is read. Each may have as many bytes as an item. */
const PENDING_MAX = 200

/**
 * The live end of one session's log on this node, shared by all who read it here. It puts news in order, waits a moment
 * for what is missing and then reads it once for all. `seq` is the last event that was passed on.
 */
export class SessionTail {
  seq = 0
  readonly #source: TailSource
  readonly #onFault: (error: unknown) => void
  readonly #readers = new Set<TailReader>()
  readonly #pending = new Map<number, LogEntry>()
  #heardOf = 0
  #filling = false
  #timer: NodeJS.Timeout | null = null

  constructor(source: TailSource, onFault: (error: unknown) => void) {
    this.#source = source
    this.#onFault = onFault
  }

  /** What the broker said: events, or only how far the log has come. */
  hear({ lastSeq, entries }: Omit<HeardNews, 'sessionId'>): void {
    this.#heardOf = Math.max(this.#heardOf, lastSeq)
    if (entries && this.#isNext(entries)) this.#pass(entries)
    else if (entries) this.#keep(entries)
    this.#closeGap(entries ? tunables.reorder : 0)
  }

  /** So far is the log, as Postgres says unasked. What a busy node has not heard yet is nearly always on its way. */
  expect(lastSeq: number): void {
    setTimeout(() => this.hear({ lastSeq }), tunables.sweepPatience).unref()
  }

  /**
   * Adds a reader that has everything up to `cursor`. False: the tail is further, it must read on and ask again.
   * Nothing is awaited between the question and the answer, so no event falls between.
   */
  join(reader: TailReader, cursor: number): boolean {
    if (this.#readers.size === 0) this.seq = cursor
    if (cursor < this.seq) return false
    if (cursor > this.seq) {
      // The reader's own read was faster than the news: the others get the same from the next read.
      this.hear({ lastSeq: cursor })
    }
    this.#readers.add(reader)
    this.#advance()
    this.#closeGap(0)
    return true
  }

  leave(reader: TailReader): void {
    this.#readers.delete(reader)
  }

  /** As nearly all news are: they are passed on as they came. */
  #isNext(entries: readonly LogEntry[]): boolean {
    if (this.#readers.size === 0 || this.#pending.size > 0 || entries[0]?.seq !== this.seq + 1) return false
    return entries.at(-1)!.seq === this.seq + entries.length
  }

  #keep(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      if (entry.seq > this.seq && this.#pending.size < PENDING_MAX) this.#pending.set(entry.seq, entry)
    }
    this.#advance()
  }

  #advance(): void {
    if (this.#readers.size === 0 || this.#pending.size === 0) return
    const next: LogEntry[] = []
    for (let seq = this.seq + 1; this.#pending.has(seq); seq++) next.push(this.#pending.get(seq)!)
    if (next.length > 0) this.#pass(next)
    for (const seq of this.#pending.keys()) if (seq <= this.seq) this.#pending.delete(seq)
  }

  /** In parts, between which a reader that has too much unsent falls behind. */
  #pass(entries: readonly LogEntry[]): void {
    for (const part of partsOf(entries, tunables.sendChars)) {
      this.seq = part.at(-1)!.seq
      for (const reader of this.#readers) reader.deliver(part)
    }
  }

  /** Something is missing: it may only be late, so it gets a moment, then it is read. */
  #closeGap(waitMs: number): void {
    if (this.#readers.size === 0 || this.#heardOf <= this.seq || this.#filling || this.#timer) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      if (this.#heardOf <= this.seq || this.#readers.size === 0) return
      this.#filling = true
      this.#fill().then(
        () => {
          this.#filling = false
          // What was heard of between the last look and now.
          this.#closeGap(0)
        },
        (error: unknown) => {
          this.#filling = false
          // Not at once again: the sweep comes back to it.
          this.#onFault(error)
        },
      )
    }, waitMs)
  }

  async #fill(): Promise<void> {
    while (this.#heardOf > this.seq && this.#readers.size > 0) {
      const page = await this.#source.readPage(this.seq)
      if (!page) return this.#end()
      this.#heardOf = Math.max(this.#heardOf, page.lastSeq)
      if (this.seq < page.floorSeq) {
        const snapshot = await this.#source.readSnapshotEvent()
        if (!snapshot) return this.#end()
        this.#pass([LogEntry.of(snapshot)])
        continue
      }
      const fresh = page.events.filter((event) => event.seq > this.seq)
      // Heard of more than there is: the hint was of a commit that did not last.
      if (fresh.length === 0) this.#heardOf = page.lastSeq
      else this.#pass(fresh.map((event) => LogEntry.of(event)))
      this.#advance()
    }
  }

  #end(): void {
    for (const reader of [...this.#readers]) reader.gone()
    this.#readers.clear()
  }
}
