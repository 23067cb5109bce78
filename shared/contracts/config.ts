import { type Static, Type } from 'typebox'
import { AGENT_NAME, ON_BUSY, PROTOCOLS } from '@shared/domain/agents'
import type { JsonObject } from '@shared/domain/json'
import { AnyObject, closed } from './objects.ts'

const Milliseconds = (minimum: number, maximum: number) => Type.Optional(Type.Integer({ minimum, maximum }))
const HOUR = 3_600_000

export const PolicyConfig = closed({
  history: Type.Optional(
    closed({
      maxItems: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })),
      maxBytes: Type.Optional(Type.Integer({ minimum: 0, maximum: 16_777_216 })),
    }),
  ),
  timeouts: Type.Optional(
    closed({
      connectMs: Milliseconds(10, 60_000),
      idleMs: Milliseconds(10, HOUR),
      totalMs: Milliseconds(10, HOUR),
      pauseMs: Milliseconds(1_000, 30 * 24 * HOUR),
    }),
  ),
  retries: Type.Optional(
    closed({
      max: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
      backoffMs: Milliseconds(0, HOUR),
      factor: Type.Optional(Type.Number({ minimum: 1, maximum: 10 })),
      maxBackoffMs: Milliseconds(0, HOUR),
      jitter: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    }),
  ),
  onBusy: Type.Optional(Type.Enum([...ON_BUSY])),
})

const StepConfig = closed({ schema: AnyObject, callResult: Type.Optional(closed({ schema: AnyObject })) })

const ScoreConfig = closed({
  name: Type.String({ pattern: '^[a-zA-Z][a-zA-Z0-9_-]{0,63}$' }),
  title: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  kind: Type.Optional(Type.String({ pattern: '^[a-zA-Z][a-zA-Z0-9_-]{0,63}$' })),
  schema: AnyObject,
})

export const RunTypeConfig = closed({
  type: Type.String({ pattern: '^[a-zA-Z][a-zA-Z0-9_-]{0,63}$' }),
  input: Type.Optional(closed({ schema: AnyObject })),
  steps: Type.Optional(Type.Array(StepConfig, { maxItems: 100 })),
  output: Type.Optional(
    closed({ schema: AnyObject, scores: Type.Optional(Type.Array(ScoreConfig, { maxItems: 50 })) }),
  ),
  validateSteps: Type.Optional(Type.Boolean()),
  idleTimeout: Milliseconds(1_000, 24 * HOUR),
})

const ApiKey = Type.Optional(Type.String({ pattern: '^[\\x21-\\x7e]{1,500}$' }))
const Tools = Type.Optional(
  Type.Array(
    closed({
      name: Type.String({ pattern: '^[a-zA-Z0-9_-]{1,64}$' }),
      description: Type.Optional(Type.String({ maxLength: 10_000 })),
      parameters: Type.Optional(AnyObject),
    }),
    { maxItems: 128 },
  ),
)
/** Not a schema, but whatever the agent app knows. */
const Anything = Type.Optional(Type.Unsafe<JsonObject>({ type: 'object', additionalProperties: {} }))

const OpenAiConfig = closed({
  model: Type.String({ minLength: 1, maxLength: 200 }),
  apiKey: ApiKey,
  system: Type.Optional(Type.String({ maxLength: 100_000 })),
  tools: Tools,
  parameters: Anything,
})

const AgUiConfig = closed({ apiKey: ApiKey, tools: Tools, forwardedProps: Anything })

export const AgentConfig = closed({
  name: Type.String({ pattern: AGENT_NAME.source }),
  title: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  url: Type.String({ pattern: '^https?://' }),
  version: Type.String({ pattern: '^(0|[1-9]\\d{0,5})\\.(0|[1-9]\\d{0,5})\\.(0|[1-9]\\d{0,5})$' }),
  protocol: Type.Optional(Type.Enum([...PROTOCOLS])),
  openai: Type.Optional(OpenAiConfig),
  agUi: Type.Optional(AgUiConfig),
  metadata: Type.Optional(
    Type.Unsafe<Record<string, Static<typeof AnyObject>>>({ type: 'object', additionalProperties: AnyObject }),
  ),
  allowUnknownMetadata: Type.Optional(Type.Boolean()),
  policy: Type.Optional(PolicyConfig),
  runs: Type.Array(RunTypeConfig, { minItems: 1, maxItems: 50 }),
})
export type AgentConfig = Static<typeof AgentConfig>

/** How the tokens of the customer's own logged-in users are verified: by one of the two. */
export const AuthConfig = closed({
  issuer: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
  audience: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
  /** What both sign with (HS256). Stored sealed. */
  secret: Type.Optional(Type.String({ minLength: 32, maxLength: 1_000 })),
  /** Where the public keys stand (RS256, ES256, EdDSA …). */
  jwksUrl: Type.Optional(Type.String({ pattern: '^https?://', maxLength: 2_000 })),
})
export type AuthConfig = Static<typeof AuthConfig>

/** What of `agentview.config.ts(x)` goes to the server: schemas and policies. Components stay with Studio. */
export const ServerConfig = closed({
  agents: Type.Array(AgentConfig, { minItems: 1, maxItems: 1_000 }),
  auth: Type.Optional(AuthConfig),
})
export type ServerConfig = Static<typeof ServerConfig>

/** Members of the config that only Studio reads, by the path of the object that holds them (`*` = any index). */
export const STUDIO_MEMBERS: Record<string, readonly string[]> = {
  '': ['pages', 'webhooks', 'theme'],
  '/agents/*': ['newSessionComponent', 'inputComponent', 'displayProperties'],
  '/agents/*/runs/*': ['metadata', 'displayProperties'],
  '/agents/*/runs/*/input': ['displayComponent'],
  '/agents/*/runs/*/steps/*': ['displayComponent'],
  '/agents/*/runs/*/steps/*/callResult': ['displayComponent'],
  '/agents/*/runs/*/output': ['displayComponent'],
  '/agents/*/runs/*/output/scores/*': ['inputComponent', 'displayComponent', 'actionBarComponent'],
}
