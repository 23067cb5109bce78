import { type TSchema, Type } from 'typebox'
import type { EventType, SessionEvent } from '@shared/domain/events'
import { AnyJson, Item, Run, RunError, Score, Session, Time, closed, id } from './objects.ts'

export const PatchOperation = Type.Union([
  closed({
    op: Type.Literal('append'),
    path: Type.String(),
    value: Type.Union([Type.String(), Type.Array(AnyJson)]),
  }),
  closed({ op: Type.Literal('add'), path: Type.String(), value: AnyJson }),
  closed({ op: Type.Literal('replace'), path: Type.String(), value: AnyJson }),
  closed({ op: Type.Literal('remove'), path: Type.String() }),
])

export const Patch = Type.Array(PatchOperation, { minItems: 1, maxItems: 1_000 })

const withRun = closed({ run: Run })
const withItem = closed({ item: Item })
const withSession = closed({ session: Session })

/** `data` of each type of event; a type without a schema does not compile. */
const EVENT_DATA: Record<EventType, TSchema> = {
  'session.created': withSession,
  'session.updated': withSession,
  'run.queued': withRun,
  'run.started': withRun,
  'run.attempt': closed({ run: Run, supersededItemIds: Type.Array(id('item')) }),
  'run.retrying': closed({ runId: id('run'), nextAt: Time, error: RunError }),
  'run.paused': withRun,
  'run.resumed': withRun,
  'run.completed': withRun,
  'run.failed': withRun,
  'run.cancelled': withRun,
  'item.created': withItem,
  'item.delta': closed({ itemId: id('item'), patch: Patch }),
  'item.completed': withItem,
  'items.hidden': closed({ itemIds: Type.Array(id('item')), reason: Type.String() }),
  'state.updated': closed({ state: AnyJson }),
  'feedback.created': closed({ itemId: id('item'), score: Score }),
  custom: closed({ name: Type.String(), data: AnyJson }),
  snapshot: closed({ session: Session, items: Type.Array(Item), runs: Type.Array(Run) }),
}

/** One event of a session's log, as sockets carry it and as the JSON of an SSE frame's data. */
export const Event = Type.Unsafe<SessionEvent>({
  anyOf: Object.entries(EVENT_DATA).map(([type, data]) =>
    closed({
      seq: Type.Integer({ minimum: 1 }),
      // only in the stream of one run: the seq before it in that stream
      prev: Type.Optional(Type.Integer({ minimum: 0 })),
      type: Type.Literal(type),
      sessionId: id('session'),
      runId: Type.Optional(id('run')),
      attempt: Type.Optional(Type.Integer({ minimum: 1 })),
      at: Time,
      data,
    }),
  ),
})
