import type { Json } from './json.ts'
import type { Item, Run, RunError, Score, Session } from './objects.ts'
import type { Patch } from './patch.ts'

/** What each type of event carries in `data`. */
export interface EventData {
  'session.created': { session: Session }
  'session.updated': { session: Session }
  'run.queued': { run: Run }
  'run.started': { run: Run }
  'run.attempt': { run: Run; supersededItemIds: string[] }
  'run.retrying': { runId: string; nextAt: string; error: RunError }
  'run.paused': { run: Run }
  'run.resumed': { run: Run }
  'run.completed': { run: Run }
  'run.failed': { run: Run }
  'run.cancelled': { run: Run }
  'item.created': { item: Item }
  'item.delta': { itemId: string; patch: Patch }
  'item.completed': { item: Item }
  'items.hidden': { itemIds: string[]; reason: string }
  'state.updated': { state: Json }
  'feedback.created': { itemId: string; score: Score }
  custom: { name: string; data: Json }
  snapshot: { session: Session; items: Item[]; runs: Run[] }
}

export type EventType = keyof EventData

/** One entry of a session's log: `seq` is 1, 2, 3 … without gaps; a `snapshot` stands for all up to its seq. */
export type SessionEvent = {
  [Type in EventType]: {
    seq: number
    type: Type
    sessionId: string
    runId?: string
    attempt?: number
    at: string
    data: EventData[Type]
  }
}[EventType]

export const TERMINAL_EVENTS = ['run.completed', 'run.failed', 'run.cancelled'] as const
export type TerminalEvent = (typeof TERMINAL_EVENTS)[number]

/** True for the one event that ends a run. */
export function isTerminal(event: { type: EventType }): boolean {
  return (TERMINAL_EVENTS as readonly string[]).includes(event.type)
}
