import { type Static, type TSchema, Type } from 'typebox'
import { ERROR_STATUS } from '@shared/domain/errors'
import { ID_PREFIXES, type IdKind } from '@shared/domain/ids'
import type { Json, JsonObject } from '@shared/domain/json'
import type * as domain from '@shared/domain/objects'
import { tunables } from '@shared/domain/tunables'

/** The wire's objects as schemas. Their static types are checked below against the plain ones of shared/domain. */

/** An object that doesn't allow members that it doesn't name. */
export function closed<Properties extends Record<string, TSchema>>(
  properties: Properties,
  options: { $id?: string } = {},
) {
  return Type.Object(properties, { additionalProperties: false, ...options })
}

export function id(kind: IdKind) {
  return Type.String({ pattern: `^${ID_PREFIXES[kind]}_[0-7][0-9a-hjkmnp-tv-z]{25}$` })
}

export const Time = Type.String({ format: 'date-time' })
/** An agent's or client's own JSON object. */
export const AnyObject = Type.Unsafe<JsonObject>({ type: 'object' })
export const AnyJson = Type.Unsafe<Json>({})
const Count = Type.Integer({ minimum: 0 })

export const Space = Type.Enum(['production', 'playground', 'shared-playground'])
export const RunStatus = Type.Enum(['queued', 'running', 'paused', 'completed', 'failed', 'cancelled'])

export const Item = closed({
  id: id('item'),
  sessionId: id('session'),
  runId: id('run'),
  runNo: Type.Integer({ minimum: 1 }),
  itemNo: Count,
  kind: Type.Enum(['input', 'step', 'output']),
  status: Type.Enum(['streaming', 'complete', 'incomplete']),
  hidden: Type.Optional(Type.Literal(true)),
  data: AnyObject,
  createdAt: Time,
})

export const RunError = closed({ code: Type.String(), message: Type.String(), details: Type.Optional(AnyJson) })

export const Usage = closed({
  inputTokens: Type.Optional(Type.Number({ minimum: 0 })),
  outputTokens: Type.Optional(Type.Number({ minimum: 0 })),
  costUsd: Type.Optional(Type.Number({ minimum: 0 })),
  model: Type.Optional(Type.String({ maxLength: 200 })),
})

export const Attempt = closed({
  attempt: Type.Integer({ minimum: 1 }),
  leg: Count,
  outcome: Type.Enum(['running', 'completed', 'paused', 'failed', 'superseded', 'cancelled', 'lapsed']),
  error: Type.Optional(RunError),
  reportedVersion: Type.Optional(Type.String()),
  timing: closed({
    acceptedAt: Time,
    queuedAt: Time,
    claimedAt: Time,
    firstByteAt: Type.Optional(Time),
    firstDeltaAt: Type.Optional(Time),
    endedAt: Type.Optional(Time),
  }),
  request: Type.Optional(closed({ bytes: Count, sha256: Type.String() })),
  response: Type.Optional(closed({ status: Type.Integer(), bytes: Count, truncated: Type.Boolean() })),
})

/** Identifies a call within its pause. */
export const CallId = Type.String({ minLength: 1, maxLength: 200 })

export const ToolCall = closed({
  callId: CallId,
  name: Type.String({ minLength: 1, maxLength: 200 }),
  arguments: AnyJson,
})

export const Run = closed({
  id: id('run'),
  sessionId: id('session'),
  runNo: Type.Integer({ minimum: 1 }),
  type: Type.String(),
  status: RunStatus,
  leg: Count,
  version: Type.String(),
  retryOf: Type.Optional(id('run')),
  metadata: AnyObject,
  error: Type.Optional(RunError),
  usage: Type.Optional(Usage),
  pause: Type.Optional(closed({ pauseId: Type.String(), toolCalls: Type.Array(ToolCall), expiresAt: Time })),
  queuePosition: Type.Optional(Count),
  attempts: Type.Array(Attempt),
  createdAt: Time,
  endedAt: Type.Optional(Time),
})

export const Session = closed({
  id: id('session'),
  handle: Type.String(),
  agent: Type.String(),
  endUserId: id('endUser'),
  space: Space,
  title: Type.Optional(Type.String()),
  metadata: AnyObject,
  state: AnyJson,
  version: Type.String(),
  lastSeq: Count,
  lastRun: Type.Optional(Run),
  items: Type.Optional(Type.Array(Item)),
  runs: Type.Optional(Type.Array(Run)),
  createdAt: Time,
  updatedAt: Time,
})

export const EndUser = closed({
  id: id('endUser'),
  externalId: Type.Optional(Type.String()),
  anonymous: Type.Boolean(),
  metadata: AnyObject,
  space: Space,
  createdAt: Time,
})

export const Score = closed({
  id: id('score'),
  sessionId: id('session'),
  itemId: id('item'),
  name: Type.String(),
  value: AnyJson,
  comment: Type.Optional(Type.String()),
  by: closed({ kind: Type.Enum(['endUser', 'apiKey', 'member']), id: Type.String() }),
  createdAt: Time,
  updatedAt: Time,
})

export const ErrorAnswer = closed({
  error: Type.Object({
    code: Type.Enum(Object.keys(ERROR_STATUS)),
    message: Type.String(),
    details: Type.Optional(Type.Array(closed({ path: Type.String(), message: Type.String() }))),
    requestId: Type.String(),
  }),
})

/** What every list may be asked for. */
export const LIST = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: tunables.listMax })),
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  order: Type.Optional(Type.Enum(['asc', 'desc'])),
}

/** A keyset page. */
export function page<Row extends TSchema>(row: Row) {
  return closed({ data: Type.Array(row), nextCursor: Type.Union([Type.String(), Type.Null()]) })
}

export type Same<A, B> = [A, B] extends [B, A] ? true : never
/** Compiles only while schemas and plain types say the same. */
export const SCHEMAS_MATCH_TYPES: [
  Same<Static<typeof Item>, domain.Item>,
  Same<Static<typeof Attempt>, domain.Attempt>,
  Same<Static<typeof Run>, domain.Run>,
  Same<Static<typeof Session>, domain.Session>,
  Same<Static<typeof EndUser>, domain.EndUser>,
  Same<Static<typeof Score>, domain.Score>,
] = [true, true, true, true, true, true]
