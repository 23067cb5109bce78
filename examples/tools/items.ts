import { type Static, type TProperties, Type } from 'typebox'

/** The items of this agent: the schemas go into agentview.config.ts, the types into the agent. */

const object = <Properties extends TProperties>(properties: Properties) =>
  Type.Object(properties, { additionalProperties: false })

const Money = Type.Integer({ description: 'in cents', minimum: 0 })
const Line = object({ dish: Type.String(), count: Type.Integer({ minimum: 1 }), price: Money })
const callId = Type.String({ minLength: 1 })

export const MenuCall = object({
  type: Type.Literal('tool_call'),
  callId,
  name: Type.Literal('read_menu'),
  arguments: object({}),
})
export const MenuResult = object({
  type: Type.Literal('tool_result'),
  callId,
  result: Type.Array(object({ dish: Type.String(), price: Money })),
})

export const AddCall = object({
  type: Type.Literal('tool_call'),
  callId,
  name: Type.Literal('add_to_order'),
  arguments: object({ dish: Type.String(), count: Type.Integer() }),
})
/** A tool that fails says so in its result; the conversation goes on. */
export const AddResult = object({
  type: Type.Literal('tool_result'),
  callId,
  isError: Type.Optional(Type.Literal(true)),
  result: Type.String(),
})

export const Bill = object({ type: Type.Literal('bill'), lines: Type.Array(Line), total: Money })

export const Message = object({
  type: Type.Literal('message'),
  role: Type.Literal('assistant'),
  content: Type.String(),
})

export type Item =
  | Static<typeof MenuCall>
  | Static<typeof MenuResult>
  | Static<typeof AddCall>
  | Static<typeof AddResult>
  | Static<typeof Bill>

/** What the session keeps between two turns. */
export const Order = Type.Array(Line)
export type Order = Static<typeof Order>
