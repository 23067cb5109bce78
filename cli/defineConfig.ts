import type { AgentPolicy } from '@shared/domain/agents'

/**
 * JSON Schema (2020-12), TypeBox, Zod 4 or any Standard Schema that can give JSON Schema. Only known to be an object:
 * the libraries' own types have no member in common, and loading the config tells which of them can't be used.
 */
export type ConfigSchema = object

export type PolicyInput = {
  [Group in keyof AgentPolicy]?: AgentPolicy[Group] extends object ? Partial<AgentPolicy[Group]> : AgentPolicy[Group]
}

export interface InputConfig {
  schema: ConfigSchema
  displayComponent?: unknown
}

export interface StepConfig {
  schema: ConfigSchema
  /** When the step is a call whose result comes as an item of its own: that item. */
  callResult?: { schema: ConfigSchema; displayComponent?: unknown }
  displayComponent?: unknown
}

export interface OutputConfig {
  schema: ConfigSchema
  displayComponent?: unknown
  /** What members may score outputs by: `[like(), rating({ name: 'tone' }), …]`, or of your own. */
  scores?: readonly ScoreInput[]
}

/** A score that members give. */
export interface ScoreInput {
  /** Letters, digits, _ and -; unique in its run type. */
  name: string
  title?: string
  /** How Studio asks for it. One of your own needs an `inputComponent`. */
  kind?: string
  /** What a value must fit. */
  schema: ConfigSchema
  inputComponent?: unknown
  displayComponent?: unknown
  actionBarComponent?: unknown
}

export interface RunTypeInput {
  /** How a message names this kind of run, e.g. `chat`; unique within the agent. */
  type: string
  input?: InputConfig
  steps?: readonly StepConfig[]
  output?: OutputConfig
  /** When false, steps that match none of `steps` are accepted. */
  validateSteps?: boolean
  idleTimeout?: unknown
  metadata?: unknown
  displayProperties?: unknown
}

export interface ToolInput {
  name: string
  description?: string
  parameters?: ConfigSchema
}

/** How a Chat Completions endpoint is asked. */
export interface OpenAiInput {
  model: string
  /** From the environment: `process.env.OPENAI_API_KEY`. Stored sealed. */
  apiKey?: string | undefined
  /** What the model is told before everything else. */
  system?: string
  /** What the model may call. Its run pauses then, until the page, a person or your server has answered. */
  tools?: readonly ToolInput[]
  /** Further members of the request's body: `{ temperature: 0 }`. */
  parameters?: object
}

/** How an AG-UI agent is asked. */
export interface AgUiInput {
  /** Sent as a bearer token. From the environment; stored sealed. */
  apiKey?: string | undefined
  /** Tools of the front end. When the agent calls one, the run pauses until the page, a person or your server has answered. */
  tools?: readonly ToolInput[]
  /** What the agent gets as `forwardedProps`. */
  forwardedProps?: object
}

export interface AgentInput {
  /** How clients name the agent, e.g. `support`; unique within the organization. */
  name: string
  title?: string
  /** Where the agent app answers. */
  url: string
  /** Semver of this definition. A changed definition needs a new one. */
  version: string
  /**
   * `openai`: the address is that of a Chat Completions endpoint, `https://api.openai.com/v1/chat/completions`.
   * `ag-ui`: that of an agent that speaks AG-UI (https://docs.ag-ui.com).
   */
  protocol?: 'agentview' | 'openai' | 'ag-ui'
  openai?: OpenAiInput
  agUi?: AgUiInput
  /** Schema of each metadata key of a session. */
  metadata?: Readonly<Record<string, ConfigSchema>>
  /** When true, metadata keys that `metadata` doesn't name are accepted. */
  allowUnknownMetadata?: boolean
  /** What differs from the default policy. */
  policy?: PolicyInput
  runs: readonly RunTypeInput[]
  newSessionComponent?: unknown
  inputComponent?: unknown
  displayProperties?: unknown
}

/** Tokens of your own logged-in users: a secret that you share with AgentView, or the URL of your public keys. */
export interface AuthInput {
  /** What `iss` must be. */
  issuer?: string
  /** What `aud` must be, or hold. */
  audience?: string
  /** At least 32 characters, from the environment: `process.env.MY_JWT_SECRET`. Stored sealed. */
  secret?: string | undefined
  jwksUrl?: string
}

/** `agentview.config.ts(x)`: schemas and policies for the server, components and pages for Studio. */
export interface AgentViewConfig {
  agents: readonly AgentInput[]
  auth?: AuthInput
  pages?: readonly unknown[]
  webhooks?: readonly unknown[]
  theme?: unknown
}

interface ScoreNaming {
  name: string
  title?: string
}

/** Thumbs up or down. */
export function like(naming: ScoreNaming = { name: 'like' }): ScoreInput {
  return { ...naming, kind: 'like', schema: { enum: ['up', 'down'] } }
}

/** One of some options. */
export function select({ options, ...naming }: ScoreNaming & { options: readonly string[] }): ScoreInput {
  return { ...naming, kind: 'select', schema: { enum: [...options] } }
}

/** Any number of some options. */
export function multiSelect({ options, ...naming }: ScoreNaming & { options: readonly string[] }): ScoreInput {
  return { ...naming, kind: 'multiSelect', schema: { type: 'array', items: { enum: [...options] }, uniqueItems: true } }
}

/** A whole number from 1 to `max` (5). */
export function rating({ max = 5, ...naming }: ScoreNaming & { max?: number }): ScoreInput {
  return { ...naming, kind: 'rating', schema: { type: 'integer', minimum: 1, maximum: max } }
}

/** Some words. */
export function text({ maxLength = 2_000, ...naming }: ScoreNaming & { maxLength?: number }): ScoreInput {
  return { ...naming, kind: 'text', schema: { type: 'string', minLength: 1, maxLength } }
}

/** Gives a config its type; returns it unchanged. `export default defineConfig({ agents: [...] })` */
export function defineConfig(config: AgentViewConfig): AgentViewConfig {
  return config
}
