import type { EventData, EventType, SessionEvent } from '@shared/domain/events'
import { type SessionView, foldSession } from '@shared/domain/foldSession'
import type { JsonObject } from '@shared/domain/json'
import type { Item, Run, Session } from '@shared/domain/objects'

export const AT = '2025-01-01T00:00:00.000Z'

export const session: Session = {
  id: 'ses_1',
  handle: '1',
  agent: 'eliza',
  endUserId: 'eu_1',
  space: 'production',
  metadata: {},
  state: null,
  version: '1.0.0',
  lastSeq: 0,
  createdAt: AT,
  updatedAt: AT,
}

export function run(runNo: number, changes: Partial<Run> = {}): Run {
  return {
    id: `run_${runNo}`,
    sessionId: session.id,
    runNo,
    type: 'chat',
    status: 'queued',
    leg: 0,
    version: '1.0.0',
    metadata: {},
    attempts: [],
    createdAt: AT,
    ...changes,
  }
}

export function item(runNo: number, itemNo: number, data: JsonObject, changes: Partial<Item> = {}): Item {
  return {
    id: `itm_${runNo}_${itemNo}`,
    sessionId: session.id,
    runId: `run_${runNo}`,
    runNo,
    itemNo,
    kind: itemNo === 1 ? 'input' : 'step',
    status: 'complete',
    data,
    createdAt: AT,
    ...changes,
  }
}

export const said = (runNo: number, content: string) => item(runNo, 1, { type: 'message', role: 'user', content })

export const answered = (runNo: number, content: string, changes: Partial<Item> = {}) =>
  item(runNo, 9, { type: 'message', role: 'assistant', content }, { kind: 'output', ...changes })

export function event<Type extends EventType>(seq: number, type: Type, data: EventData[Type]): SessionEvent {
  // The union's members can't be told apart by a type parameter; the signature has matched type and data already.
  return { seq, type, sessionId: session.id, at: AT, data } as unknown as SessionEvent
}

/** The view after events of these types and data, numbered from 1. */
export function viewOf(...entries: { [Type in EventType]: [Type, EventData[Type]] }[EventType][]): SessionView {
  return foldSession(entries.map(([type, data], index) => event(index + 1, type, data)))
}
