import { Type } from 'typebox'
import { AnyObject, id } from './objects.ts'
import type { Json } from '@shared/domain/json'

/** What Agno's clients send (https://docs.agno.com). They send more, such as the state, which here only the agent sets. */

const Name = Type.Union([Type.String({ maxLength: 500 }), Type.Null()])
const Metadata = Type.Union([AnyObject, Type.Null()])
const Flag = Type.Optional(Type.Union([Type.Boolean(), Type.Null()]))

export const NewAgnoSession = Type.Object({
  agent_id: Type.String(),
  session_name: Type.Optional(Name),
  metadata: Type.Optional(Metadata),
})

export const AgnoSessionChange = Type.Object({ session_name: Type.Optional(Name), metadata: Type.Optional(Metadata) })

export const AgnoRename = Type.Object({ session_name: Type.String({ minLength: 1, maxLength: 500 }) })

export const AgnoSessions = Type.Object({ session_ids: Type.Array(id('session'), { maxItems: 100 }) })

/** The calls of a pause as the client got them, with results or decisions. */
export const AgnoTools = Type.Array(
  Type.Object({
    tool_call_id: Type.String({ minLength: 1, maxLength: 200 }),
    result: Type.Optional(Type.Unsafe<Json>({})),
    tool_call_error: Flag,
    confirmed: Flag,
  }),
  { maxItems: 100 },
)
