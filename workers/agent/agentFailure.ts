import type { Json } from '@shared/domain/json'
import type { RunError } from '@shared/domain/objects'

/** Why a call to an agent app did not come to a good end, and whether another attempt may help. */
export class AgentFailure extends Error {
  readonly code: string
  readonly retryable: boolean
  readonly retryAfterMs: number | null
  readonly details: Json | undefined

  constructor(
    code: string,
    message: string,
    options: { retryable: boolean; retryAfterMs?: number | null; details?: Json },
  ) {
    super(storable(message))
    this.code = code
    this.retryable = options.retryable
    this.retryAfterMs = options.retryAfterMs ?? null
    this.details = options.details === undefined ? undefined : bounded(options.details)
  }

  toRunError(): RunError {
    return { code: this.code, message: this.message, ...(this.details !== undefined && { details: this.details }) }
  }
}

/** The agent app broke the protocol or its own schema: another attempt would only do the same. */
export function invalidOutput(message: string, details?: Json): AgentFailure {
  return new AgentFailure('invalid_output', message, { retryable: false, ...(details !== undefined && { details }) })
}

/** Code of a run that its agent app says was stopped on purpose: it has not failed, it is cancelled. */
export const AGENT_CANCELLED = 'agent_cancelled'

/** Errors stand in events, attempts and lists: what an agent app makes them say stays short. */
const MESSAGE_CHARACTERS = 2_000
const DETAILS_CHARACTERS = 8_000

function bounded(details: Json): Json {
  return JSON.stringify(details).length <= DETAILS_CHARACTERS ? details : 'left out: too long'
}

/** What an agent app says may hold what jsonb refuses. */
function storable(text: string): string {
  return text.slice(0, MESSAGE_CHARACTERS).toWellFormed().replaceAll('\u0000', '')
}
