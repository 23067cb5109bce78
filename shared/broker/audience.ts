import type { Cut } from '@shared/domain/cuts'
import { LogEntry } from '@shared/domain/logEntry'
import type { HeardNews, SessionNews } from './port.ts'

/** Who listens in this process, and to which sessions. */
export class Audience {
  readonly #watched = new Map<string, number>()
  readonly #onNews = new Set<(news: HeardNews) => void>()
  readonly #onAborts = new Set<(runIds: string[]) => void>()
  readonly #onCuts = new Set<(cuts: Cut[]) => void>()
  readonly #onReconnect = new Set<() => void>()
  readonly #onError: (error: unknown) => void

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  /** True for the first watch of a session. */
  watch(sessionId: string): boolean {
    const count = this.#watched.get(sessionId) ?? 0
    this.#watched.set(sessionId, count + 1)
    return count === 0
  }

  /** True when nobody watches the session any more. */
  unwatch(sessionId: string): boolean {
    const count = this.#watched.get(sessionId)
    if (count === undefined) return false
    if (count > 1) this.#watched.set(sessionId, count - 1)
    else this.#watched.delete(sessionId)
    return count === 1
  }

  isWatched(sessionId: string): boolean {
    return this.#watched.has(sessionId)
  }

  watched(): string[] {
    return [...this.#watched.keys()]
  }

  onNews(listener: (news: HeardNews) => void): () => void {
    return add(this.#onNews, listener)
  }

  onAborts(listener: (runIds: string[]) => void): () => void {
    return add(this.#onAborts, listener)
  }

  onCuts(listener: (cuts: Cut[]) => void): () => void {
    return add(this.#onCuts, listener)
  }

  onReconnect(listener: () => void): () => void {
    return add(this.#onReconnect, listener)
  }

  tellNews(news: HeardNews): void {
    if (this.#watched.has(news.sessionId)) this.#tell(this.#onNews, (listener) => listener(news))
  }

  /** What this process says itself, before anybody else hears of it. */
  tellOwn(said: readonly SessionNews[]): HeardNews[] {
    return said.map(({ sessionId, lastSeq, events }) => {
      const news = { sessionId, lastSeq, ...(events && { entries: events.map((event) => LogEntry.of(event)) }) }
      this.tellNews(news)
      return news
    })
  }

  tellAborts(runIds: readonly string[]): void {
    this.#tell(this.#onAborts, (listener) => listener([...runIds]))
  }

  tellCuts(cuts: readonly Cut[]): void {
    this.#tell(this.#onCuts, (listener) => listener([...cuts]))
  }

  tellReconnect(): void {
    this.#tell(this.#onReconnect, (listener) => listener())
  }

  #tell<Listener>(listeners: ReadonlySet<Listener>, call: (listener: Listener) => void): void {
    for (const listener of [...listeners]) {
      try {
        call(listener)
      } catch (error) {
        this.#onError(error)
      }
    }
  }
}

function add<Listener>(listeners: Set<Listener>, listener: Listener): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}
