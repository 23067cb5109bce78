import { isObject } from '@shared/domain/json'
import { type Outbox, forAnotherSession, isOutbox } from './outbox.ts'

/** The conversation that a reload goes on with. */
export interface KeptSession {
  sessionId: string
  agent: string
  endUserId: string
}

/** What was written and is not in the session yet; `sessionId` is null while there is none. */
export interface KeptOutbox {
  sessionId: string | null
  messages: Outbox
}

export function isKeptSession(value: unknown): value is KeptSession {
  return isObject(value) && ['sessionId', 'agent', 'endUserId'].every((key) => typeof value[key] === 'string')
}

export function isKeptOutbox(value: unknown): value is KeptOutbox {
  return (
    isObject(value) && (value.sessionId === null || typeof value.sessionId === 'string') && isOutbox(value.messages)
  )
}

/** The kept messages for the session that is gone on with: under their own keys only when it is the one they were for. */
export function restoreOutbox(kept: KeptOutbox | null, sessionId: string | null, newKey: () => string): Outbox {
  if (!kept) return []
  return kept.sessionId === sessionId ? kept.messages : forAnotherSession(kept.messages, newKey)
}
