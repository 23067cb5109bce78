import type { SessionEvent } from '@shared/domain/events'
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

  /** A live event. Nobody waits for a reader here: one that has too much unsent, if only of one burst, falls behind. */
  deliver(event: SessionEvent): void {
    this.#send(event)
    if (!this.closed && this.#sink.pendingBytes() > tunables.readerBytes) this.#on.behind()
  }

  /** An event of the past: what it can't take yet is waited for. */
  async replay(event: SessionEvent): Promise<void> {
    this.#send(event)
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

  #send(event: SessionEvent): void {
    if (this.closed || event.seq <= this.cursor) return
    this.cursor = event.seq
    this.#sink.send(event)
  }
}
