import { type Static, Type } from 'typebox'
import { AnyObject, Space, closed, id } from './objects.ts'

/** As in the header `Idempotency-Key`: visible ASCII. */
export const IdempotencyKeyText = Type.String({ pattern: '^[\\x21-\\x7e]{1,255}$' })

const MESSAGE = {
  input: Type.Union([Type.String({ minLength: 1 }), AnyObject]),
  runType: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  metadata: Type.Optional(AnyObject),
  onBusy: Type.Optional(Type.Enum(['reject', 'enqueue'])),
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
