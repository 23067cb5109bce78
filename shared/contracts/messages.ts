import { type Static, Type } from 'typebox'
import { ON_BUSY } from '@shared/domain/agents'
import { tunables } from '@shared/domain/tunables'
import { AnyJson, AnyObject, CallId, Space, Usage, closed, id } from './objects.ts'

/** As in the header `Idempotency-Key`: visible ASCII. */
export const IdempotencyKeyText = Type.String({ pattern: '^[\\x21-\\x7e]{1,255}$' })

const MESSAGE = {
  input: Type.Union([Type.String({ minLength: 1 }), AnyObject]),
  runType: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  metadata: Type.Optional(AnyObject),
  onBusy: Type.Optional(Type.Enum([...ON_BUSY])),
  // only with onBusy merge
  debounceMs: Type.Optional(Type.Integer({ minimum: 0, maximum: tunables.maxDebounce })),
  version: Type.Optional(Type.String({ minLength: 1, maxLength: 50 })),
}

/** A message to a session. A string is short for `{ type: 'message', role: 'user', content }`. */
export const SendMessage = closed(MESSAGE)
export type SendMessage = Static<typeof SendMessage>

const AgentName = Type.String({ minLength: 1, maxLength: 63 })
const Title = Type.String({ minLength: 1, maxLength: 500 })

export const CreateSession = closed({
  agent: AgentName,
  endUserId: Type.Optional(id('endUser')),
  metadata: Type.Optional(AnyObject),
  title: Type.Optional(Title),
  space: Type.Optional(Space),
})
export type CreateSession = Static<typeof CreateSession>

/** A new session and its first message at once; `metadata` is the session's. */
export const BeginSession = closed({
  ...MESSAGE,
  agent: AgentName,
  endUserId: Type.Optional(id('endUser')),
  title: Type.Optional(Title),
  space: Type.Optional(Space),
})
export type BeginSession = Static<typeof BeginSession>

/** `metadata` is merged, a null takes its key away; a title of null takes it away. */
export const UpdateSession = closed({
  metadata: Type.Optional(AnyObject),
  title: Type.Optional(Type.Union([Title, Type.Null()])),
})
export type UpdateSession = Static<typeof UpdateSession>

/** What the customer calls a person; unique in the organization. */
export const ExternalId = Type.String({ minLength: 1, maxLength: 255 })

/** Somebody whom the customer knows; `space` counts only when he is new. */
export const UpsertEndUser = closed({
  externalId: ExternalId,
  metadata: Type.Optional(AnyObject),
  space: Type.Optional(Space),
})
export type UpsertEndUser = Static<typeof UpsertEndUser>

export const UpdateEndUser = closed({ metadata: Type.Optional(AnyObject) })
export type UpdateEndUser = Static<typeof UpdateEndUser>

/** A verdict on an item. */
export const GiveFeedback = closed({
  value: Type.Union([Type.Enum(['up', 'down']), Type.Number(), AnyObject]),
  comment: Type.Optional(Type.String({ minLength: 1, maxLength: 5_000 })),
})
export type GiveFeedback = Static<typeof GiveFeedback>

/** One message of a batch: to a session, or the first of a new one. Its key is what the header is to a single message. */
const IDEMPOTENT = { idempotencyKey: Type.Optional(IdempotencyKeyText) }
const MessageToSession = closed({ ...MESSAGE, sessionId: id('session'), ...IDEMPOTENT })
const MessageToAgent = closed({ ...BeginSession.properties, ...IDEMPOTENT })
export const BatchEntry = Type.Union([MessageToSession, MessageToAgent])
export type BatchEntry = Static<typeof BatchEntry>

/** Answers to calls of a paused run. An approval goes to the agent app as it is; whether to act on it is the app's. */
export const ResumeRun = closed({
  pauseId: Type.String({ minLength: 1, maxLength: 100 }),
  toolResults: Type.Optional(
    Type.Array(closed({ callId: CallId, output: AnyJson, isError: Type.Optional(Type.Boolean()) }), { maxItems: 100 }),
  ),
  approvals: Type.Optional(
    Type.Array(
      closed({ callId: CallId, approved: Type.Boolean(), reason: Type.Optional(Type.String({ maxLength: 2_000 })) }),
      { maxItems: 100 },
    ),
  ),
})
export type ResumeRun = Static<typeof ResumeRun>

const PUSH = {
  items: Type.Optional(Type.Array(AnyObject, { maxItems: 1_000 })),
  state: Type.Optional(AnyJson),
  usage: Type.Optional(Usage),
  status: Type.Optional(Type.Enum(['running', 'completed', 'failed'])),
  // only with status failed
  error: Type.Optional(
    closed({ code: Type.String({ pattern: '^[a-z][a-z0-9_]{0,63}$' }), message: Type.String({ maxLength: 2_000 }) }),
  ),
}

/** What an agent app adds to a run that it carries out by itself. `metadata` is the session's. */
export const PushRun = closed({ ...PUSH, metadata: Type.Optional(AnyObject) })
export type PushRun = Static<typeof PushRun>

/** A run that an agent app has begun by itself. `metadata` is the run's. */
export const BeginRun = closed({
  ...PUSH,
  input: Type.Optional(Type.Union([Type.String({ minLength: 1 }), AnyObject])),
  runType: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  metadata: Type.Optional(AnyObject),
  version: Type.Optional(Type.String({ minLength: 1, maxLength: 50 })),
})
export type BeginRun = Static<typeof BeginRun>
