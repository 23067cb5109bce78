import type { LogEntry } from '@shared/domain/logEntry'
import { tunables } from '@shared/domain/tunables'
import type { TailReader } from './sessionTail.ts'
import type { CutReason, Sink } from './sink.ts'

export interface ReaderEvents {
  /** It can't follow what happens at the moment: it is to read on by itself, as fast as it takes it. */
  behind(): void
  close(): void
}

/** One reader's place in the log. */
export class Reader implements TailReader {
  cursor: number
  /** It was told that it may read; before that it is refused, not cut. */
  admitted = false
  closed = false
  readonly #sink: Sink
  readonly #on: ReaderEvents

  constructor(sink: Sink, cursor: number, on: ReaderEvents) {
    this.#sink = sink
    this.cursor = cursor
    this.#on = on
  }

  /** Live events. Nobody waits for a reader here: one that has too much unsent, if only of one burst, falls behind. */
  deliver(entries: readonly LogEntry[]): void {
    this.#send(entries)
    if (!this.closed && this.#sink.pendingBytes() > tunables.readerBytes) this.#on.behind()
  }

  /** Events of the past: what it can't take yet is waited for. */
  async replay(entries: readonly LogEntry[]): Promise<void> {
    this.#send(entries)
    if (!this.closed && this.#sink.pendingBytes() > tunables.readerBytes / 2) await this.drained()
  }

  /** Waits for room; a reader that makes none is cut, since it would keep what it was sent for ever. */
  async drained(): Promise<void> {
    if (this.closed) return
    const timer = setTimeout(() => this.cut('slow'), tunables.readerStall)
    await this.#sink.drained()
    clearTimeout(timer)
  }

  gone(): void {
    this.cut('deleted')
  }

  cut(reason: CutReason): void {
    if (this.closed) return
    this.close()
    this.#sink.cut(reason, this.cursor)
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.#on.close()
  }

  #send(entries: readonly LogEntry[]): void {
    if (this.closed) return
    const { cursor } = this
    const fresh = entries[0]!.seq > cursor ? entries : entries.filter(({ seq }) => seq > cursor)
    const last = fresh.at(-1)
    if (!last) return
    this.cursor = last.seq
    this.#sink.send(fresh)
  }
}
