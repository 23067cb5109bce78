import type { Json } from './json.ts'

/** Every refusal that a caller can meet, with the HTTP status it is answered with. The union is closed on purpose. */
export const ERROR_STATUS = {
  invalid_request: 400,
  invalid_json: 400,
  invalid_cursor: 400,
  unauthorized: 401,
  token_expired: 401,
  invalid_login: 401,
  forbidden: 403,
  origin_not_allowed: 403,
  csrf_refused: 403,
  not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  session_busy: 409,
  not_paused: 409,
  already_resolved: 409,
  not_last_run: 409,
  no_input: 409,
  not_external: 409,
  cursor_ahead: 409,
  run_ended: 409,
  version_exists: 409,
  version_incompatible: 409,
  limit_reached: 409,
  endpoint_disabled: 409,
  last_owner: 409,
  already_member: 409,
  invitation_over: 409,
  idempotency_in_progress: 409,
  payload_too_large: 413,
  unsupported_media_type: 415,
  schema_violation: 422,
  idempotency_mismatch: 422,
  rate_limited: 429,
  too_many_connections: 429,
  headers_too_large: 431,
  internal: 500,
  unavailable: 503,
} as const

export type ErrorCode = keyof typeof ERROR_STATUS

export interface ErrorDetail {
  path: string
  message: string
}

/** The one error that carries an answer for the caller; anything else that is thrown is a fault of ours (500). */
export class AgentViewError extends Error {
  readonly code: ErrorCode
  readonly details: ErrorDetail[] | undefined
  /** Further members of the answer's `error`, e.g. `activeRunId`. */
  readonly extra: Record<string, Json>

  constructor(
    code: ErrorCode,
    message: string,
    options: { details?: ErrorDetail[]; extra?: Record<string, Json> } = {},
  ) {
    super(message)
    this.code = code
    this.details = options.details
    this.extra = options.extra ?? {}
  }

  get status(): number {
    return ERROR_STATUS[this.code]
  }
}

/** The same answer for what is absent and for what is another's. */
export function notFound(what: string): AgentViewError {
  return new AgentViewError('not_found', `No such ${what}.`)
}
