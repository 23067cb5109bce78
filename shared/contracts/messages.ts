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
