import { type ErrorCode, type ErrorDetail, isObject } from '@agentview/contracts'

/**
 * Why something did not work: a code of the server (`session_busy`, `schema_violation`, …), or one of ours:
 * `unreachable` (no answer came), `invalid_answer` (what came is not AgentView's), `aborted`, `invalid_use`.
 */
export type ClientErrorCode = ErrorCode | 'unreachable' | 'invalid_answer' | 'aborted' | 'invalid_use'

export interface ClientErrorOptions {
  status?: number
  details?: ErrorDetail[]
  requestId?: string
  /** The time that the server asks to wait, in ms. */
  retryAfterMs?: number
  cause?: unknown
}

/** The one error that this package rejects with. */
export class ClientError extends Error {
  readonly code: ClientErrorCode
  /** The HTTP status; null when there was no answer. */
  readonly status: number | null
  readonly details: readonly ErrorDetail[]
  /** What to tell the people who run the server. */
  readonly requestId: string | null
  readonly retryAfterMs: number | null

  constructor(code: ClientErrorCode, message: string, options: ClientErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.name = 'ClientError'
    this.code = code
    this.status = options.status ?? null
    this.details = options.details ?? []
    this.requestId = options.requestId ?? null
    this.retryAfterMs = options.retryAfterMs ?? null
  }

  /** True when the same may go well later, without anybody's doing. */
  get isTemporary(): boolean {
    if (this.code === 'unreachable' || this.code === 'idempotency_in_progress') return true
    return (
      this.status !== null && (this.status === 408 || this.status === 425 || this.status === 429 || this.status >= 500)
    )
  }
}

/** Any thrown thing as our error; what is no error of ours counts as a network that failed. */
export function toClientError(error: unknown): ClientError {
  if (error instanceof ClientError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new ClientError('unreachable', `The server can not be reached: ${message}`, { cause: error })
}

/** The refusal in a body `{ error: { code, message, … } }`, as HTTP answers and sockets' acks carry it; null for another. */
export function refusalIn(body: unknown, options: ClientErrorOptions = {}): ClientError | null {
  if (!isObject(body) || !isObject(body.error) || typeof body.error.code !== 'string') return null
  const { code, message, requestId, details } = body.error
  return new ClientError(code as ErrorCode, typeof message === 'string' ? message : code, {
    ...options,
    ...(typeof requestId === 'string' && { requestId }),
    ...(Array.isArray(details) && { details: details.filter(isObject).map(detailOf) }),
  })
}

function detailOf(detail: Record<string, unknown>): ErrorDetail {
  return { path: String(detail.path), message: String(detail.message) }
}
