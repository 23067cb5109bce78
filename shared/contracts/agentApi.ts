import { type Static, Type } from 'typebox'
import { MemoryWrites } from './memories.ts'
import { AnyJson, AnyObject, Time, ToolCall, Usage, closed, id } from './objects.ts'
import { Patch } from './events.ts'

/** What an agent app is sent; API.md of the design, "Agent API". */
export const AgentRequest = closed({
  run: closed({
    id: id('run'),
    attempt: Type.Integer(),
    leg: Type.Integer(),
    type: Type.String(),
    metadata: AnyObject,
  }),
  session: closed({
    id: id('session'),
    handle: Type.String(),
    agent: Type.String(),
    metadata: AnyObject,
    state: AnyJson,
    endUser: closed({ id: id('endUser'), externalId: Type.Union([Type.String(), Type.Null()]), metadata: AnyObject }),
  }),
  items: Type.Array(AnyObject),
  incompleteItems: Type.Array(Type.Integer()),
  historyTruncated: Type.Optional(Type.Literal(true)),
  input: AnyObject,
  inputs: Type.Array(AnyObject),
  runItems: Type.Array(AnyObject),
  toolResults: Type.Array(AnyObject),
  /** Of the end user, the one that was changed last at the end. */
  memories: Type.Array(
    closed({
      id: id('memory'),
      topic: Type.Optional(Type.String()),
      content: Type.String(),
      createdAt: Time,
      updatedAt: Time,
    }),
  ),
})
export type AgentRequest = Static<typeof AgentRequest>

const AgentVersion = Type.String({ minLength: 1, maxLength: 100 })
/** An item's id within one stream; ours are made by us. */
const StreamId = Type.String({ minLength: 1, maxLength: 200 })

/** The one-piece answer. The last item is the output. */
export const AgentAnswer = closed({
  version: Type.Optional(AgentVersion),
  items: Type.Array(AnyObject, { minItems: 1 }),
  state: Type.Optional(AnyJson),
  metadata: Type.Optional(AnyObject),
  memories: Type.Optional(MemoryWrites),
  usage: Type.Optional(Usage),
})
export type AgentAnswer = Static<typeof AgentAnswer>

/** `data` of each frame of a streamed answer, by the frame's name. */
export const AGENT_FRAMES = {
  version: closed({ version: AgentVersion }),
  item: closed({ id: Type.Optional(StreamId), item: AnyObject }),
  'item.start': closed({ id: StreamId, item: AnyObject }),
  'item.delta': closed({ id: StreamId, patch: Patch }),
  'item.done': closed({ id: StreamId, item: Type.Optional(AnyObject) }),
  text: closed({ id: Type.Optional(StreamId), delta: Type.String() }),
  state: closed({ state: AnyJson }),
  metadata: closed({ metadata: AnyObject }),
  memories: closed({ memories: MemoryWrites }),
  usage: Usage,
  custom: closed({ name: Type.String({ minLength: 1, maxLength: 200 }), data: AnyJson }),
  error: closed({
    message: Type.String({ maxLength: 10_000 }),
    code: Type.Optional(Type.String({ pattern: '^[a-z][a-z0-9_]{0,63}$' })),
    retryable: Type.Optional(Type.Boolean()),
  }),
  pause: closed({ toolCalls: Type.Array(ToolCall, { minItems: 1, maxItems: 100 }) }),
  done: closed({}),
} as const

export type FrameName = keyof typeof AGENT_FRAMES
export type AgentFrame = { [Name in FrameName]: { name: Name; data: Static<(typeof AGENT_FRAMES)[Name]> } }[FrameName]
