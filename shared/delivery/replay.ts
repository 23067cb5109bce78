import type { SessionEvent } from '@shared/domain/events'
import { LogEntry, partsOf } from '@shared/domain/logEntry'
import { tunables } from '@shared/domain/tunables'
import type { Database } from '@shared/store/pool'
import { type EventPage, readEvents } from '@shared/store/readEvents'
import { readSnapshot } from '@shared/store/readSnapshot'
import type { Reader } from './reader.ts'
import type { SessionTail } from './sessionTail.ts'

/** Events read at once while their size isn't known: each may have as many bytes as an item. */
export const FIRST_PAGE = 50

/** Pages from Postgres until the reader is where the tail is. */
export async function replay(
  db: Database,
  sessionId: string,
  tail: SessionTail,
  reader: Reader,
  first: EventPage,
): Promise<void> {
  let page: EventPage | null = first
  while (!reader.closed) {
    if (!page) return reader.gone()
    const entries = page.events.map((event) => LogEntry.of(event))
    if (reader.cursor < page.floorSeq) {
      const snapshot = await readSnapshotEvent(db, sessionId)
      if (!snapshot) return reader.gone()
      await reader.replay([LogEntry.of(snapshot)])
    } else {
      for (const part of partsOf(entries, tunables.sendChars)) await reader.replay(part)
      if (!reader.closed && reader.cursor >= page.lastSeq && tail.join(reader, reader.cursor)) return
    }
    if (!reader.closed) page = await readEvents(db, sessionId, reader.cursor, limitAfter(entries))
  }
}

/** As many events as are likely to fit a reader's buffer, by the size of those before. */
function limitAfter(entries: readonly LogEntry[]): number {
  const bytes = entries.reduce((sum, { text }) => sum + text.length, 0)
  if (bytes === 0) return FIRST_PAGE
  const fitting = Math.floor((tunables.readerBytes * entries.length) / bytes)
  return Math.min(Math.max(fitting, FIRST_PAGE), tunables.replayPage)
}

/** A session as one event, for a reader whose cursor is older than what is kept. */
export async function readSnapshotEvent(db: Database, sessionId: string): Promise<SessionEvent | null> {
  const snapshot = await readSnapshot(db, sessionId)
  if (!snapshot) return null
  const { seq, session, items, runs } = snapshot
  return { seq, type: 'snapshot', sessionId, at: new Date().toISOString(), data: { session, items, runs } }
}
