import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { AgentViewError, type ErrorCode } from '@shared/domain/errors'
import { newId } from '@shared/domain/ids'
import { tunables } from '@shared/domain/tunables'
import { isConnectionTrouble } from '@shared/store/connectionTrouble'

const REQUEST_ID = 'X-Request-Id'

/** Gives a request an id, which its answer, its errors and its log line carry. */
export function nameRequest(response: ServerResponse): void {
  response.setHeader(REQUEST_ID, newId('request'))
}

export function requestIdOf(response: ServerResponse): string {
  return String(response.getHeader(REQUEST_ID))
}

/** Answers with JSON; without a body where the status has none. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  if (status === 204) {
    response.writeHead(status, headers).end()
    return
  }
  const text = JSON.stringify(body)
  const about = { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(text) }
  response.writeHead(status, { ...headers, ...about }).end(text)
}

/** Answers whatever was thrown, in the one shape of errors. What we didn't foresee is logged. False: the answer had begun. */
export function sendThrown(log: FaultLog, error: unknown, request: IncomingMessage, response: ServerResponse): boolean {
  const answer = explained(log, error, request, response)
  if (response.headersSent) return false
  sendError(response, answer)
  return true
}

/** Where faults of ours are told. */
export interface FaultLog {
  error(details: object, line: string): void
}

/** What a thrown value means to the caller; what we didn't foresee is logged. */
export function explained(
  log: FaultLog,
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
): AgentViewError {
  const answer = toAgentViewError(error)
  if (answer.code === 'internal') {
    const about = { requestId: requestIdOf(response), method: request.method, path: pathOf(request) }
    log.error({ err: error, ...about }, 'a request failed')
  }
  return answer
}

export function pathOf({ url = '' }: IncomingMessage): string {
  const end = url.indexOf('?')
  return end === -1 ? url : url.slice(0, end)
}

/** What may be over in a moment: asking again, not at once, is the right thing to do. */
const PASSING: ReadonlySet<ErrorCode> = new Set(['unavailable', 'rate_limited', 'too_many_connections'])

function sendError(response: ServerResponse, error: AgentViewError): void {
  if (error.status === 401) response.setHeader('WWW-Authenticate', 'Bearer')
  tellWhenAgain(error, response)
  sendJson(response, error.status, errorAnswer(error, response))
}

/** The header Retry-After, where asking again is the right thing to do. */
export function tellWhenAgain({ code, extra }: AgentViewError, response: ServerResponse): void {
  if (PASSING.has(code) && !response.hasHeader('Retry-After'))
    response.setHeader('Retry-After', typeof extra.retryAfter === 'number' ? extra.retryAfter : 1)
}

/** An error as every answer has it. */
export function errorAnswer({ code, message, details, extra }: AgentViewError, response: ServerResponse) {
  return { error: { code, message, ...(details && { details }), requestId: requestIdOf(response), ...extra } }
}

/** What a thrown value means to the caller. */
export function toAgentViewError(error: unknown): AgentViewError {
  if (error instanceof AgentViewError) return error
  if (isHttpError(error)) {
    if (error.type === 'entity.too.large') {
      return new AgentViewError('payload_too_large', `The body has more than ${tunables.bodyBytes} bytes.`)
    }
    if (error.type === 'encoding.unsupported' || error.type === 'charset.unsupported') {
      return new AgentViewError('unsupported_media_type', 'Send the body as UTF-8, plain or gzip.')
    }
    if (error.type === 'entity.parse.failed') return notJson()
    if (error.status >= 400 && error.status < 500)
      return new AgentViewError('invalid_request', 'The request could not be read.')
  }
  if (isConnectionTrouble(error))
    return new AgentViewError('unavailable', 'The database can not be reached just now: try again.')
  return new AgentViewError('internal', `Something went wrong on our side. Reference: ${randomUUID().slice(0, 8)}.`)
}

export function notJson(): AgentViewError {
  return new AgentViewError('invalid_json', 'The body is not valid JSON.')
}

function isHttpError(error: unknown): error is { status: number; type?: string } {
  return typeof error === 'object' && error !== null && 'status' in error && typeof error.status === 'number'
}
