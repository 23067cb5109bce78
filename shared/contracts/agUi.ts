import { type Static, type TSchema, Type } from 'typebox'
import { AnyJson, AnyObject } from './objects.ts'

/**
 * What is read of the events of an AG-UI agent (https://docs.ag-ui.com, 1.0; https://ag-ui.com/spec/1.0/schema.json).
 * Members that aren't named are ignored, and where one may be absent null is taken as well: SDKs before 1.0 send it.
 */
const Maybe = <Schema extends TSchema>(schema: Schema) => Type.Optional(Type.Union([schema, Type.Null()]))

/** Which subagent made something; absent: the agent itself. */
const Attributed = { subagentRunId: Maybe(Type.String()) }
const MessageId = { messageId: Type.String() }
const ToolCallId = { toolCallId: Type.String() }
const Role = Type.Enum(['developer', 'system', 'assistant', 'user'])
/** What a tool has returned: text, or parts, which are kept as they are. */
const Content = Type.Union([Type.String(), Type.Array(AnyObject)])

const value = { path: Type.String(), value: AnyJson }
const from = { path: Type.String(), from: Type.String() }
/** RFC 6902. */
export const JsonPatch = Type.Array(
  Type.Union([
    Type.Object({ op: Type.Literal('add'), ...value }),
    Type.Object({ op: Type.Literal('replace'), ...value }),
    Type.Object({ op: Type.Literal('test'), ...value }),
    Type.Object({ op: Type.Literal('remove'), path: Type.String() }),
    Type.Object({ op: Type.Literal('move'), ...from }),
    Type.Object({ op: Type.Literal('copy'), ...from }),
  ]),
)

const SnapshotCall = Type.Object({
  id: Type.String(),
  function: Type.Object({ name: Type.String(), arguments: Type.String() }),
})

/** One message of a snapshot; only what an agent may have made is looked into. */
export const SnapshotMessage = Type.Object({
  id: Type.String(),
  role: Type.String(),
  content: Type.Optional(AnyJson),
  toolCalls: Maybe(Type.Array(SnapshotCall)),
  toolCallId: Maybe(Type.String()),
  activityType: Maybe(Type.String()),
  ...Attributed,
})
export type SnapshotMessage = Static<typeof SnapshotMessage>

export const Interrupt = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 200 }),
  reason: Type.String(),
  message: Maybe(Type.String()),
  toolCallId: Maybe(Type.String()),
  responseSchema: Maybe(AnyObject),
  expiresAt: Maybe(Type.String()),
  metadata: Maybe(AnyObject),
})
export type Interrupt = Static<typeof Interrupt>

const Source = Type.Union([
  Type.Object({ type: Type.Literal('data'), value: Type.String(), mimeType: Type.String() }),
  Type.Object({ type: Type.Enum(['url', 'file']), value: Type.String(), mimeType: Type.Optional(Type.String()) }),
])
/** Parts of a message as an agent may be sent them. */
export const ContentParts = Type.Array(
  Type.Union([
    Type.Object({ type: Type.Literal('text'), text: Type.String() }),
    Type.Object({ type: Type.Enum(['image', 'audio', 'video', 'document']), source: Source }),
  ]),
)

const Named = Type.String({ minLength: 1, maxLength: 255 })

/** A message as a client sends it; what isn't named here is the client's own. */
export const ClientMessage = Type.Object({
  id: Named,
  role: Type.String({ minLength: 1, maxLength: 64 }),
  content: Type.Optional(AnyJson),
  toolCallId: Maybe(Type.String({ maxLength: 500 })),
  error: Maybe(Type.String()),
})
export type ClientMessage = Static<typeof ClientMessage>

/** What a client sends to run an agent (https://docs.ag-ui.com/spec/1.0/basic/run-input). */
export const RunAgentInput = Type.Object({
  threadId: Named,
  runId: Named,
  messages: Type.Array(ClientMessage),
  state: Type.Optional(AnyJson),
  tools: Maybe(Type.Array(Type.Object({ name: Type.String({ minLength: 1 }) }))),
  context: Maybe(Type.Array(AnyObject)),
  forwardedProps: Type.Optional(AnyJson),
  resume: Maybe(
    Type.Array(
      Type.Object({
        interruptId: Type.String({ minLength: 1, maxLength: 500 }),
        status: Type.Enum(['resolved', 'cancelled']),
        payload: Type.Optional(AnyJson),
      }),
      { maxItems: 100 },
    ),
  ),
})
export type RunAgentInput = Static<typeof RunAgentInput>

const Tokens = Maybe(Type.Integer({ minimum: 0 }))
const TokenUsage = Type.Object({ model: Maybe(Type.String()), inputTokens: Tokens, outputTokens: Tokens })
export type TokenUsage = Static<typeof TokenUsage>

/** An outcome of another type than these is as none. */
const Outcome = Type.Object({
  type: Type.String(),
  pendingToolCallIds: Maybe(Type.Array(Type.String())),
  interrupts: Maybe(Type.Array(Interrupt, { maxItems: 100 })),
})

/** The events by their `type`; one of another type is ignored, as is RAW: what a framework says beside the protocol. */
export const AG_UI_EVENTS = {
  RUN_STARTED: Type.Object({ runId: Type.String() }),
  RUN_FINISHED: Type.Object({
    runId: Type.String(),
    result: Type.Optional(AnyJson),
    outcome: Maybe(Outcome),
    usage: Maybe(Type.Array(TokenUsage)),
  }),
  RUN_ERROR: Type.Object({
    message: Type.String(),
    code: Maybe(Type.String()),
    usage: Maybe(Type.Array(TokenUsage)),
  }),
  STEP_STARTED: Type.Object({ stepName: Type.String(), ...Attributed }),
  STEP_FINISHED: Type.Object({ stepName: Type.String(), ...Attributed }),
  TEXT_MESSAGE_START: Type.Object({ ...MessageId, role: Maybe(Role), name: Maybe(Type.String()), ...Attributed }),
  TEXT_MESSAGE_CONTENT: Type.Object({ ...MessageId, delta: Type.String(), ...Attributed }),
  TEXT_MESSAGE_END: Type.Object({ ...MessageId, ...Attributed }),
  TEXT_MESSAGE_CHUNK: Type.Object({
    messageId: Maybe(Type.String()),
    role: Maybe(Role),
    name: Maybe(Type.String()),
    delta: Maybe(Type.String()),
    ...Attributed,
  }),
  TOOL_CALL_START: Type.Object({
    ...ToolCallId,
    toolCallName: Type.String(),
    parentMessageId: Maybe(Type.String()),
    ...Attributed,
  }),
  TOOL_CALL_ARGS: Type.Object({ ...ToolCallId, delta: Type.String(), ...Attributed }),
  TOOL_CALL_END: Type.Object({ ...ToolCallId, ...Attributed }),
  TOOL_CALL_CHUNK: Type.Object({
    toolCallId: Maybe(Type.String()),
    toolCallName: Maybe(Type.String()),
    parentMessageId: Maybe(Type.String()),
    delta: Maybe(Type.String()),
    ...Attributed,
  }),
  TOOL_CALL_RESULT: Type.Object({ ...MessageId, ...ToolCallId, content: Content, ...Attributed }),
  STATE_SNAPSHOT: Type.Object({ snapshot: AnyJson, ...Attributed }),
  STATE_DELTA: Type.Object({ delta: JsonPatch, ...Attributed }),
  MESSAGES_SNAPSHOT: Type.Object({ messages: Type.Array(SnapshotMessage) }),
  ACTIVITY_SNAPSHOT: Type.Object({
    ...MessageId,
    activityType: Type.String(),
    content: AnyObject,
    replace: Maybe(Type.Boolean()),
    ...Attributed,
  }),
  ACTIVITY_DELTA: Type.Object({ ...MessageId, activityType: Type.String(), patch: JsonPatch, ...Attributed }),
  REASONING_START: Type.Object({ ...MessageId, ...Attributed }),
  REASONING_MESSAGE_START: Type.Object({ ...MessageId, ...Attributed }),
  REASONING_MESSAGE_CONTENT: Type.Object({ ...MessageId, delta: Type.String(), ...Attributed }),
  REASONING_MESSAGE_END: Type.Object({ ...MessageId, ...Attributed }),
  REASONING_MESSAGE_CHUNK: Type.Object({
    messageId: Maybe(Type.String()),
    delta: Maybe(Type.String()),
    ...Attributed,
  }),
  REASONING_END: Type.Object({ ...MessageId, ...Attributed }),
  REASONING_ENCRYPTED_VALUE: Type.Object({
    subtype: Type.Enum(['tool-call', 'message']),
    entityId: Type.String(),
    encryptedValue: Type.String(),
    ...Attributed,
  }),
  SUBAGENT_STARTED: Type.Object({ subagentRunId: Type.String(), name: Type.String() }),
  SUBAGENT_FINISHED: Type.Object({ subagentRunId: Type.String() }),
  SUBAGENT_ERROR: Type.Object({ subagentRunId: Type.String(), message: Type.String() }),
  CUSTOM: Type.Object({ name: Type.String({ minLength: 1, maxLength: 200 }), value: AnyJson, ...Attributed }),
} as const

export type AgUiEventType = keyof typeof AG_UI_EVENTS
export type AgUiEvent = {
  [Name in AgUiEventType]: { type: Name } & Static<(typeof AG_UI_EVENTS)[Name]>
}[AgUiEventType]
