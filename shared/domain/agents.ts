import type { JsonObject } from './json.ts'

/** What agents are called: in URLs, files and lists. */
export const AGENT_NAME = /^[a-z][a-z0-9-]{0,62}$/

/**
 * What becomes of a message to a session that is busy: refused; queued behind all else; in the place of all that lives
 * (`rollback` also hides what that had made); or joined with the last message that nobody has begun to answer.
 */
export const ON_BUSY = ['reject', 'enqueue', 'interrupt', 'rollback', 'merge'] as const
export type OnBusy = (typeof ON_BUSY)[number]

/** The times of one call, in ms. */
export interface CallTimeouts {
  connectMs: number
  idleMs: number
  totalMs: number
}

/** How an agent app is called. All milliseconds, but counts and bytes where named so. */
export interface AgentPolicy {
  history: { maxItems: number; maxBytes: number }
  /** `pauseMs`: how long a paused run waits to be resumed. */
  timeouts: CallTimeouts & { pauseMs: number }
  retries: { max: number; backoffMs: number; factor: number; maxBackoffMs: number; jitter: number }
  onBusy: OnBusy
}

export const DEFAULT_POLICY: AgentPolicy = {
  history: { maxItems: 1_000, maxBytes: 2_097_152 },
  timeouts: { connectMs: 5_000, idleMs: 60_000, totalMs: 600_000, pauseMs: 86_400_000 },
  retries: { max: 3, backoffMs: 500, factor: 2, maxBackoffMs: 30_000, jitter: 0.5 },
  onBusy: 'enqueue',
}

export interface StepDefinition {
  schema: JsonObject
  callResult?: { schema: JsonObject }
}

/** What members may score outputs by. */
export interface ScoreDefinition {
  /** Unique in its run type. */
  name: string
  title?: string
  /** How Studio asks for it; what isn't known there is asked for by the config's own component. */
  kind?: string
  /** What a value must fit. */
  schema: JsonObject
}

export interface RunTypeDefinition {
  type: string
  input?: { schema: JsonObject }
  steps?: StepDefinition[]
  output?: { schema: JsonObject; scores?: ScoreDefinition[] }
  /** When false, steps that match none of `steps` are accepted. */
  validateSteps?: boolean
  /** How long, in ms, a run that the agent app carries out by itself may be silent; `tunables.externalIdle` unless said. */
  idleTimeout?: number
}

/** What an agent app speaks: our own protocol, that of a Chat Completions endpoint, or AG-UI. */
export const PROTOCOLS = ['agentview', 'openai', 'ag-ui'] as const
export type Protocol = (typeof PROTOCOLS)[number]

/** A tool that the model may call; whoever takes part in the conversation carries it out. */
export interface ToolDefinition {
  name: string
  description?: string
  /** JSON Schema of its arguments. */
  parameters?: JsonObject
}

/** How a Chat Completions endpoint is asked. */
export interface OpenAiSettings {
  model: string
  /** Sealed wherever it is stored. */
  apiKey?: string
  /** What the model is told before everything else. */
  system?: string
  tools?: ToolDefinition[]
  /** Further members of the request's body, such as `temperature`. */
  parameters?: JsonObject
}

/** How an AG-UI agent is asked. */
export interface AgUiSettings {
  /** Sent as a bearer token. Sealed wherever it is stored. */
  apiKey?: string
  /** Tools of the front end: when the agent calls one, the run pauses until somebody has answered. */
  tools?: ToolDefinition[]
  /** What the agent gets as `forwardedProps`, beside what we say there of run and session. */
  forwardedProps?: JsonObject
}

/** What one immutable version of an agent consists of on the server: schemas and policies, no components. */
export interface AgentDefinition {
  name: string
  title?: string
  url: string
  version: string
  protocol: Protocol
  /** With the protocol `openai` only, and then always. */
  openai?: OpenAiSettings
  /** With the protocol `ag-ui` only. */
  agUi?: AgUiSettings
  /** JSON Schema of each metadata key of a session. */
  metadata?: Record<string, JsonObject>
  allowUnknownMetadata?: boolean
  policy: AgentPolicy
  runs: RunTypeDefinition[]
}
