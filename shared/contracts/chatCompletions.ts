import { type Static, Type } from 'typebox'

/** What is read of an answer of Chat Completions (https://platform.openai.com/docs/api-reference/chat); endpoints add freely. */

const Maybe = <Schema extends Parameters<typeof Type.Optional>[0]>(schema: Schema) =>
  Type.Optional(Type.Union([schema, Type.Null()]))

/** Of a chunk only the first of a call's parts names it; a whole answer has no index. */
const CallPart = Type.Object({
  index: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000 })),
  id: Maybe(Type.String()),
  function: Maybe(Type.Object({ name: Maybe(Type.String()), arguments: Maybe(Type.String()) })),
})

const Part = Type.Object({
  content: Maybe(Type.String()),
  refusal: Maybe(Type.String()),
  tool_calls: Maybe(Type.Array(CallPart)),
})
export type CompletionPart = Static<typeof Part>

const Tokens = Maybe(Type.Number({ minimum: 0 }))

/** A chunk has `delta`, a whole answer `message`. */
export const Completion = Type.Object({
  model: Maybe(Type.String()),
  choices: Maybe(Type.Array(Type.Object({ delta: Maybe(Part), message: Maybe(Part) }))),
  usage: Maybe(Type.Object({ prompt_tokens: Tokens, completion_tokens: Tokens })),
  error: Type.Optional(Type.Unknown()),
})
export type Completion = Static<typeof Completion>
