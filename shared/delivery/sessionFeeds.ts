import type { Broker } from '@shared/broker/port'
import { AgentViewError, notFound } from '@shared/domain/errors'
import { gather } from '@shared/domain/gather'
import { tunables } from '@shared/domain/tunables'
import type { Database } from '@shared/store/pool'
import { type EventPage, readEvents, readLogEnds, readMovedSeqs } from '@shared/store/readEvents'
import { Reader } from './reader.ts'
import { FIRST_PAGE, readSnapshotEvent, replay } from './replay.ts'
import { SessionTail } from './sessionTail.ts'
import type { CutReason, Sink } from './sink.ts'

/**
 *   subscribe ─▶ watch (the broker) ─▶ replay pages from Postgres after the cursor ─▶ join the tail ─▶ live
 *                                       ▲ when it has taken what it was sent ◀──────── too much is unsent ┘
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
  /** The session's last event when it began. */
  readonly lastSeq: number
  close(): void
  /** Closes, and tells the reader why and from where it may go on. */
  cut(reason: CutReason): void
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
  const removeCuts = broker.onCuts((cuts) => {
    for (const { subject } of cuts) cutReaders(subject)
  })
  const removeReconnect = broker.onReconnect(() => void sweep())
  const sweeper = setInterval(() => void sweep(), tunables.sweep)

  async function sweep(): Promise<void> {
    if (watches.size === 0) return
    try {
      const looked = new Map(watches)
      const known = new Map([...looked].map(([sessionId, { tail }]) => [sessionId, tail.seq]))
      for (const [sessionId, lastSeq] of await readMovedSeqs(db, known)) {
        const { tail, readers } = looked.get(sessionId)!
        if (lastSeq !== null) tail.expect(lastSeq)
        else for (const reader of [...readers]) if (reader.admitted) reader.gone()
      }
    } catch (error) {
      log.warn({ err: error }, 'watched sessions could not be compared')
    }
  }

  /** One that is just being admitted may have looked before: it is refused instead. */
  function cutReaders(sessionId: string): void {
    for (const reader of [...(watches.get(sessionId)?.readers ?? [])]) {
      if (reader.admitted) reader.gone()
      else reader.close()
    }
  }

  const logEnd = gather(tunables.subscribeTogether, (sessionIds: readonly string[]) => readLogEnds(db, sessionIds))

  /** The first events after a cursor. Of many that come at once most have all there is: that is seen together. */
  async function firstPage(sessionId: string, after: number): Promise<EventPage | null> {
    const end = await logEnd(sessionId)
    if (!end) return null
    refuseAhead(after, end.lastSeq)
    return after === end.lastSeq ? { ...end, events: [] } : readEvents(db, sessionId, after, FIRST_PAGE)
  }

  function watch(sessionId: string): Watch {
    const known = watches.get(sessionId)
    if (known) return known
    const source = {
      readPage: (after: number) => readEvents(db, sessionId, after, FIRST_PAGE),
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

  /** Leaves the tail to those who can follow it, and comes back to it by way of Postgres. */
  async function catchUp(sessionId: string, { tail }: Watch, reader: Reader): Promise<void> {
    tail.leave(reader)
    await reader.drained()
    if (reader.closed) return
    const page = await readEvents(db, sessionId, reader.cursor, FIRST_PAGE)
    if (page) await replay(db, sessionId, tail, reader, page)
    else reader.gone()
  }

  function unlessItFails(replaying: Promise<void>, sessionId: string, reader: Reader): void {
    replaying.catch((error: unknown) => {
      log.warn({ err: error, sessionId }, 'a replay broke off')
      reader.cut('shutdown')
    })
  }

  return {
    async subscribe(sessionId, after, sink) {
      const entry = watch(sessionId)
      const reader = new Reader(sink, after, {
        behind: () => unlessItFails(catchUp(sessionId, entry, reader), sessionId, reader),
        close: () => leave(sessionId, entry, reader),
      })
      entry.readers.add(reader)
      try {
        await entry.watching
        const first = await firstPage(sessionId, after)
        if (!first || reader.closed) throw notFound('session')
        reader.admitted = true
        // Not at once: whoever asked is answered before the first event comes.
        setImmediate(() => unlessItFails(replay(db, sessionId, entry.tail, reader, first), sessionId, reader))
        return { lastSeq: first.lastSeq, close: () => reader.close(), cut: (reason) => reader.cut(reason) }
      } catch (error) {
        reader.close()
        throw error
      }
    },
    close(reason) {
      clearInterval(sweeper)
      removeListener()
      removeCuts()
      removeReconnect()
      for (const { readers } of [...watches.values()]) for (const reader of [...readers]) reader.cut(reason)
    },
    watched: () => watches.size,
  }
}

/** Refuses a cursor beyond a session's last event: it is of another session, or of a log that was lost. */
export function refuseAhead(after: number, lastSeq: number): void {
  if (after <= lastSeq) return
  throw new AgentViewError('cursor_ahead', `The session's last event is ${lastSeq}: read it anew.`, {
    extra: { lastSeq },
  })
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
