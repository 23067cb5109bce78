import type { LogEntry } from '@shared/domain/logEntry'
import { tunables } from '@shared/domain/tunables'
import type { TailReader } from './sessionTail.ts'
import type { CutReason, Sink } from './sink.ts'

/** How long a reader that is catching up may take nothing at all before it is cut. */
const STALLED_MS = 30_000

/** One reader's place in the log. */
export class Reader implements TailReader {
  cursor: number
  /** It was told that it may read; before that it is refused, not cut. */
  admitted = false
  closed = false
  readonly #sink: Sink
  readonly #onClose: () => void

  constructor(sink: Sink, cursor: number, onClose: () => void) {
    this.#sink = sink
    this.cursor = cursor
    this.#onClose = onClose
  }

  /** Live events. Nobody waits for a reader here: one that has too much unsent is cut. */
  deliver(entries: readonly LogEntry[]): void {
    this.#send(entries)
    if (!this.closed && this.#sink.pendingBytes() > tunables.readerBytes) this.cut('slow')
  }

  /** Events of the past: what it can't take yet is waited for. */
  async replay(entries: readonly LogEntry[]): Promise<void> {
    this.#send(entries)
    if (!this.closed && this.#sink.pendingBytes() > tunables.readerBytes / 2) await this.drained()
  }

  /** Waits for room; a reader that makes none is cut, since it would keep what it was sent for ever. */
  async drained(): Promise<void> {
    if (this.closed) return
    const timer = setTimeout(() => this.cut('slow'), STALLED_MS)
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
    this.#onClose()
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
