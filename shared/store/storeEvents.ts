import type { EventData, EventType, SessionEvent } from '@shared/domain/events'
import type { Item } from '@shared/domain/objects'
import type { JsonObject } from '@shared/domain/json'
import { type StoredEvent, renderEvent, uuid } from './render.ts'

/** What a run adds to the log, before it has a seq: the types that whoever runs or ends a run writes himself. */
export type NewEvent = {
  [Type in 'item.created' | 'item.delta' | 'item.completed' | 'custom']: {
    type: Type
    data: EventData[Type]
  }
}[Extract<EventType, 'item.created' | 'item.delta' | 'item.completed' | 'custom'>]

/** An event as functions/*.sql take it. */
export function toStored(event: NewEvent): { type: EventType; data: object } {
  switch (event.type) {
    case 'item.created':
    case 'item.completed':
      return { type: event.type, data: { item: storedItem(event.data.item) } }
    case 'item.delta':
      return { type: event.type, data: { ...event.data, itemId: uuid('item', event.data.itemId) } }
    default:
      return event
  }
}

/** An item without what its event's row says already (session), ids as UUIDs. */
export function storedItem({ sessionId: _sessionId, ...item }: Item): object {
  return { ...item, id: uuid('item', item.id), runId: uuid('run', item.runId) }
}

/** What a transition wrote, as returned by functions/*.sql. */
export interface Written {
  baseSeq: number
  at: string
  events: { type: EventType; data: JsonObject }[]
}

/** What a transition wrote for one of the runs that it touched. */
export interface WrittenPart extends Written {
  runId: string | null
  attempt: number | null
}

/** The wire's events of a transition that touched several runs, in order of seq. */
export function renderParts(parts: readonly WrittenPart[], sessionId: string): SessionEvent[] {
  return parts.flatMap((part) => renderWritten(part, sessionId, part.runId, part.attempt))
}

/** The wire's events of what a transition wrote, with the seqs that it took. */
export function renderWritten(
  written: Written,
  sessionId: string,
  runId: string | null,
  attempt: number | null,
): SessionEvent[] {
  return written.events.map((event, index) => {
    const stored: StoredEvent = { ...event, seq: written.baseSeq + index + 1, runId, attempt, at: written.at }
    return renderEvent(stored, sessionId)
  })
}
