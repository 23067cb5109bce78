export { AgentViewClient, type NewSession, type RunAnswers, type SendOptions } from './client.ts'
export { ClientError, type ClientErrorCode } from './clientError.ts'
export type { ClientEvents } from './events.ts'
export type { Memories, MemoryQuery } from './memories.ts'
export type { Message, MessageStatus } from './messages/message.ts'
export type { CallOptions, ClientOptions, Pairs, TokenProvider, TransportName } from './options.ts'
export type { ClientState, ConversationStatus, PauseState } from './session/clientState.ts'
export type { SessionQuery } from './session/sessions.ts'
export { type KeyValueStorage, memoryStorage } from './storage/keyValueStorage.ts'
export { type Frame, type StreamParser, createStreamParser } from './stream/streamParser.ts'
export type { ToolCallContext, ToolDefinition, ToolHandler, ToolHandlers } from './tools/toolHandlers.ts'
export type { CallStatus, PendingCall } from './tools/toolRunner.ts'
export type { ConnectionState, ConnectionStatus } from './transport/follower.ts'
export type {
  Acceptance,
  AgentSummary,
  Approval,
  FeedbackRequest,
  Item,
  Json,
  JsonObject,
  Memory,
  MemoryChange,
  MemoryRequest,
  MemoryTopic,
  MessageOptions,
  Page,
  PageRequest,
  Run,
  RunError,
  RunStatus,
  Score,
  Session,
  SessionChange,
  SessionEvent,
  ToolCall,
  ToolResult,
} from '@agentview/contracts'
