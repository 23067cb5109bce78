import type { Broker } from '@shared/broker/port'
import { AgentViewError, notFound } from '@shared/domain/errors'
import type { SessionEvent } from '@shared/domain/events'
import { tunables } from '@shared/domain/tunables'
import type { Database } from '@shared/store/pool'
import { readEvents, readLastSeqs } from '@shared/store/readEvents'
import { readSnapshot } from '@shared/store/readSnapshot'
import { SessionTail, type TailReader } from './sessionTail.ts'
import type { CutReason, Sink } from './sink.ts'

/**
 *   subscribe ─▶ watch (the broker) ─▶ replay pages from Postgres after the cursor ─▶ join the tail ─▶ live
 * A reader gets every event after its cursor exactly once and in order. The last publish of a session may be lost for
 * ever, so every node compares the last seq of all watched sessions now and then.
 */
export interface SessionFeeds {
  /** Begins to read. Throws AgentViewError `not_found` or `cursor_ahead` before anything is sent. */
  subscribe(sessionId: string, after: number, sink: Sink): Promise<Subscription>
  /** Cuts everybody, e.g. because the process stops. */
  close(reason: CutReason): void
  /** Sessions that somebody reads here. */
  watched(): number
}

export interface Subscription {
  readonly lastSeq: number
  close(): void
}

export interface FeedOptions {
  db: Database
  broker: Broker
  log: { warn(details: object, line: string): void }
}

interface Watch {
  tail: SessionTail
  readers: Set<Reader>
  watching: Promise<void>
}

export function createSessionFeeds({ db, broker, log }: FeedOptions): SessionFeeds {
  const watches = new Map<string, Watch>()
  const removeListener = broker.onNews((news) => watches.get(news.sessionId)?.tail.hear(news))
  const removeReconnect = broker.onReconnect(() => void sweep())
  const sweeper = setInterval(() => void sweep(), tunables.sweep)

  async function sweep(): Promise<void> {
    if (watches.size === 0) return
    try {
      const lastSeqs = await readLastSeqs(db, [...watches.keys()])
      for (const [sessionId, lastSeq] of lastSeqs) watches.get(sessionId)?.tail.hear({ lastSeq })
    } catch (error) {
      log.warn({ err: error }, 'watched sessions could not be compared')
    }
  }

  function watch(sessionId: string): Watch {
    const known = watches.get(sessionId)
    if (known) return known
    const source = {
      readPage: (after: number) => readEvents(db, sessionId, after, tunables.replayPage),
      readSnapshotEvent: () => readSnapshotEvent(db, sessionId),
    }
    const tail = new SessionTail(source, (error) => log.warn({ err: error, sessionId }, 'events could not be read'))
    const created: Watch = { tail, readers: new Set(), watching: settled(broker.watch(sessionId)) }
    watches.set(sessionId, created)
    return created
  }

  function leave(sessionId: string, entry: Watch, reader: Reader): void {
    entry.tail.leave(reader)
    if (!entry.readers.delete(reader) || entry.readers.size > 0) return
    watches.delete(sessionId)
    broker.unwatch(sessionId)
  }

  return {
    async subscribe(sessionId, after, sink) {
      const entry = watch(sessionId)
      const reader = new Reader(sink, after, () => leave(sessionId, entry, reader))
      entry.readers.add(reader)
      try {
        await entry.watching
        const first = await readEvents(db, sessionId, after, tunables.replayPage)
        if (!first) throw notFound('session')
        if (after > first.lastSeq) {
          throw new AgentViewError('cursor_ahead', `The session's last event is ${first.lastSeq}: read it anew.`, {
            extra: { lastSeq: first.lastSeq },
          })
        }
        // Not at once: whoever asked is answered before the first event comes.
        setImmediate(() => {
          replay(db, sessionId, entry.tail, reader, first).catch((error: unknown) => {
            log.warn({ err: error, sessionId }, 'a replay broke off')
            reader.cut('shutdown')
          })
        })
        return { lastSeq: first.lastSeq, close: () => reader.close() }
      } catch (error) {
        reader.close()
        throw error
      }
    },
    close(reason) {
      clearInterval(sweeper)
      removeListener()
      removeReconnect()
      for (const { readers } of [...watches.values()]) for (const reader of [...readers]) reader.cut(reason)
    },
    watched: () => watches.size,
  }
}

const WATCH_MS = 1_000

/** While pub/sub is away a reader goes on with what the sweep finds. */
function settled(watching: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, WATCH_MS)
    watching
      .catch(() => undefined)
      .finally(() => {
        clearTimeout(timer)
        resolve()
      })
  })
}

/** Pages from Postgres until the reader is where the tail is. */
async function replay(
  db: Database,
  sessionId: string,
  tail: SessionTail,
  reader: Reader,
  first: NonNullable<Awaited<ReturnType<typeof readEvents>>>,
): Promise<void> {
  for (
    let page: typeof first | null = first;
    ;
    page = await readEvents(db, sessionId, reader.cursor, tunables.replayPage)
  ) {
    if (!page) return reader.gone()
    if (reader.closed) return
    if (reader.cursor < page.floorSeq) {
      const snapshot = await readSnapshotEvent(db, sessionId)
      if (!snapshot) return reader.gone()
      reader.deliver(snapshot)
      continue
    }
    for (const event of page.events) reader.deliver(event)
    await reader.drained()
    if (reader.closed) return
    if (reader.cursor >= page.lastSeq && tail.join(reader, reader.cursor)) return
  }
}

/** A session as one event, for a reader whose cursor is older than what is kept. */
async function readSnapshotEvent(db: Database, sessionId: string): Promise<SessionEvent | null> {
  const snapshot = await readSnapshot(db, sessionId)
  if (!snapshot) return null
  const { seq, session, items, runs } = snapshot
  return { seq, type: 'snapshot', sessionId, at: new Date().toISOString(), data: { session, items, runs } }
}

/** One reader's place in the log. */
class Reader implements TailReader {
  cursor: number
  closed = false
  readonly #sink: Sink
  readonly #onClose: () => void

  constructor(sink: Sink, cursor: number, onClose: () => void) {
    this.#sink = sink
    this.cursor = cursor
    this.#onClose = onClose
  }

  deliver(event: SessionEvent): void {
    if (this.closed || event.seq <= this.cursor) return
    this.cursor = event.seq
    this.#sink.send(event)
    if (this.#sink.pendingBytes() > tunables.readerBytes) this.cut('slow')
  }

  async drained(): Promise<void> {
    if (!this.closed) await this.#sink.drained()
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
}
