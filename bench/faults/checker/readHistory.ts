import type { SessionEvent } from '@shared/domain/events'
import type { Entry, EntryOf, Kind } from '../history/entries.ts'

/** A message and what became of it, by what its sender saw. */
export interface SentMessage extends EntryOf<'sent'> {
  acknowledged: EntryOf<'acknowledged'>[]
  refused: EntryOf<'refused'>[]
  unanswered: EntryOf<'unanswered'>[]
}

/** What one reader was given of one session, over all its connections. */
export interface ReaderLog {
  reader: string
  sessionId: string
  after: number
  events: SessionEvent[]
}

/** A history, sorted for the checks. */
export interface History {
  messages: SentMessage[]
  readers: ReaderLog[]
  finals: Map<string, EntryOf<'final'>>
  of<K extends Kind>(kind: K): EntryOf<K>[]
}

export function readHistory(entries: readonly Entry[]): History {
  // Narrowed by its kind, which TypeScript does not follow through a parameter.
  const of = <K extends Kind>(kind: K) => entries.filter((entry) => entry.kind === kind) as EntryOf<K>[]
  return { of, messages: messagesOf(of), readers: readersOf(entries), finals: finalsOf(of('final')) }
}

/** Messages by the item that they became. */
export function byItem(messages: readonly SentMessage[]): Map<string, SentMessage> {
  return new Map(messages.flatMap((message) => message.acknowledged.map(({ itemId }) => [itemId, message] as const)))
}

function messagesOf(of: History['of']): SentMessage[] {
  const messages = new Map<string, SentMessage>()
  for (const sent of of('sent')) messages.set(sent.key, { ...sent, acknowledged: [], refused: [], unanswered: [] })
  for (const entry of of('acknowledged')) messages.get(entry.key)?.acknowledged.push(entry)
  for (const entry of of('refused')) messages.get(entry.key)?.refused.push(entry)
  for (const entry of of('unanswered')) messages.get(entry.key)?.unanswered.push(entry)
  return [...messages.values()]
}

function readersOf(entries: readonly Entry[]): ReaderLog[] {
  const readers = new Map<string, ReaderLog>()
  for (const entry of entries) {
    if (entry.kind === 'connecting' && !readers.has(entry.reader)) {
      const { reader, sessionId, after } = entry
      readers.set(reader, { reader, sessionId, after, events: [] })
    }
    if (entry.kind === 'event') readers.get(entry.reader)?.events.push(entry.event)
  }
  return [...readers.values()]
}

function finalsOf(finals: readonly EntryOf<'final'>[]): History['finals'] {
  return new Map(finals.map((final) => [final.sessionId, final]))
}
