export type { OnBusy } from '@shared/domain/agents'
export type { ErrorCode, ErrorDetail } from '@shared/domain/errors'
export type { EventData, EventType, SessionEvent, TerminalEvent } from '@shared/domain/events'
export { TERMINAL_EVENTS, isTerminal } from '@shared/domain/events'
export type { SessionView } from '@shared/domain/foldSession'
export { EMPTY_VIEW, applyEvent, foldSession } from '@shared/domain/foldSession'
export type { Json, JsonObject } from '@shared/domain/json'
export { isObject } from '@shared/domain/json'
export type { Memory } from '@shared/domain/memories'
export type {
  Attempt,
  AttemptOutcome,
  AttemptTiming,
  EndUser,
  Item,
  ItemKind,
  ItemStatus,
  Run,
  RunError,
  RunStatus,
  Score,
  Session,
  Space,
  ToolCall,
  Usage,
} from '@shared/domain/objects'
export type { Patch, PatchOperation } from '@shared/domain/patch'
export { PatchError, applyPatch } from '@shared/domain/patch'
export type {
  Acceptance,
  AgentSummary,
  Approval,
  FeedbackRequest,
  FirstMessageRequest,
  MemoryChange,
  MemoryFilter,
  MemoryRequest,
  MemoryTopic,
  MessageOptions,
  MessageRequest,
  Page,
  PageRequest,
  ResumeRequest,
  SessionAcceptance,
  SessionChange,
  SessionFilter,
  SessionRequest,
  TokenGrant,
  ToolResult,
} from '@shared/domain/requests'
export { isEnded } from '@shared/domain/runStates'
