import type { Json, JsonObject } from './json.ts'

/** The wire's objects (API.md of the design, "Objects"). Schemas in shared/contracts are checked against these types. */
export type RunStatus = 'queued' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled'
export type ItemKind = 'input' | 'step' | 'output'
export type ItemStatus = 'streaming' | 'complete' | 'incomplete'
export type AttemptOutcome = 'running' | 'completed' | 'paused' | 'failed' | 'superseded' | 'cancelled' | 'lapsed'
export type Space = 'production' | 'playground' | 'shared-playground'

export interface Item {
  id: string
  sessionId: string
  runId: string
  runNo: number
  itemNo: number
  kind: ItemKind
  status: ItemStatus
  hidden?: true
  data: JsonObject
  createdAt: string
}

export interface RunError {
  code: string
  message: string
  details?: Json
}

export interface Usage {
  inputTokens?: number
  outputTokens?: number
  costUsd?: number
  model?: string
}

export interface AttemptTiming {
  acceptedAt: string
  queuedAt: string
  claimedAt: string
  firstByteAt?: string
  firstDeltaAt?: string
  endedAt?: string
}

export interface Attempt {
  attempt: number
  leg: number
  outcome: AttemptOutcome
  error?: RunError
  reportedVersion?: string
  timing: AttemptTiming
  /** Absent until the call was made, and for ever when the worker was lost before it could say. */
  request?: { bytes: number; sha256: string }
  response?: { status: number; bytes: number; truncated: boolean }
}

/** A call that a paused run waits for: of a tool of the front end, or of one that a person has to approve. */
export interface ToolCall {
  callId: string
  name: string
  arguments: Json
}

export interface Run {
  id: string
  sessionId: string
  runNo: number
  type: string
  status: RunStatus
  leg: number
  version: string
  retryOf?: string
  metadata: JsonObject
  error?: RunError
  usage?: Usage
  pause?: { pauseId: string; toolCalls: ToolCall[]; expiresAt: string }
  queuePosition?: number
  attempts: Attempt[]
  createdAt: string
  endedAt?: string
}

export interface Session {
  id: string
  handle: string
  agent: string
  endUserId: string
  space: Space
  title?: string
  metadata: JsonObject
  state: Json
  version: string
  lastSeq: number
  lastRun?: Run
  items?: Item[]
  /** Only when asked for: those of `items`, and all from the oldest live one on. */
  runs?: Run[]
  createdAt: string
  updatedAt: string
}

export interface EndUser {
  id: string
  externalId?: string
  anonymous: boolean
  metadata: JsonObject
  space: Space
  createdAt: string
}

/** What somebody makes of an item. */
export interface Score {
  id: string
  sessionId: string
  itemId: string
  /** `feedback` is an end user's verdict. */
  name: string
  value: Json
  comment?: string
  by: { kind: 'endUser' | 'apiKey' | 'member'; id: string }
  createdAt: string
  updatedAt: string
}
