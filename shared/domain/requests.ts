import type { OnBusy } from './agents.ts'
import type { Json, JsonObject } from './json.ts'
import type { Item, RunStatus, Session, Space, Run, EndUser } from './objects.ts'

/** What clients send and are answered, as plain types. Schemas in shared/contracts are checked against these types. */
export interface MessageOptions {
  runType?: string
  metadata?: JsonObject
  onBusy?: OnBusy
  /** Only with `onBusy: 'merge'`. */
  debounceMs?: number
  version?: string
}

/** A message to a session. A string is short for `{ type: 'message', role: 'user', content }`. */
export interface MessageRequest extends MessageOptions {
  input: string | JsonObject
}

export interface SessionRequest {
  agent: string
  endUserId?: string
  metadata?: JsonObject
  title?: string
  space?: Space
}

/** A new session and its first message at once; `metadata` is the session's. */
export type FirstMessageRequest = MessageRequest & SessionRequest

/** `metadata` is merged, a null takes its key away; a title of null takes it away. */
export interface SessionChange {
  metadata?: JsonObject
  title?: string | null
}

export interface SessionFilter {
  agent?: string
  endUserId?: string
  space?: Space
  status?: RunStatus
}

/** A verdict on an item. */
export interface FeedbackRequest {
  value: 'up' | 'down' | number | JsonObject
  comment?: string
}

export interface ToolResult {
  callId: string
  output: Json
  isError?: boolean
}

/** A person's decision on a call. */
export interface Approval {
  callId: string
  approved: boolean
  reason?: string
}

/** Answers to calls of a paused run. */
export interface ResumeRequest {
  pauseId: string
  toolResults?: ToolResult[]
  approvals?: Approval[]
}

/** That a message was taken; `seq` is the last event of it. */
export interface Acceptance {
  run: Run
  item: Item
  seq: number
}

export interface SessionAcceptance extends Acceptance {
  session: Session
}

/** One page of a list. */
export interface Page<Row> {
  data: Row[]
  nextCursor: string | null
}

export interface PageRequest {
  limit?: number
  cursor?: string
  order?: 'asc' | 'desc'
}

/** A token of an end user's, and the refresh token that brings the next one. */
export interface TokenGrant {
  token: string
  expiresAt: string
  refreshToken: string
  endUser: EndUser
}

/** What clients are told of an agent. */
export interface AgentSummary {
  name: string
  title?: string
  version: string
  runs: { type: string; input?: JsonObject }[]
}

/** Which memories to list: of one topic, and with all words of `search` in topic or content. */
export interface MemoryFilter {
  /** Whose; an end user has only his own, so only a secret key says it. */
  endUserId?: string
  topic?: string
  search?: string
}

/** Something to remember. */
export interface MemoryRequest {
  endUserId?: string
  topic?: string
  content: string
}

/** A topic of null takes it away. */
export interface MemoryChange {
  topic?: string | null
  content?: string
}

/** A topic, and how many memories have it. */
export interface MemoryTopic {
  topic: string
  memories: number
}
