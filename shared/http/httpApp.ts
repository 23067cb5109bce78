import { randomUUID } from 'node:crypto'
import express, { type Express, type NextFunction, type Request, type RequestHandler, type Response } from 'express'
import type { Logger } from 'pino'
import { AgentViewError, type ErrorCode } from '@shared/domain/errors'
import { newId } from '@shared/domain/ids'
import { tunables } from '@shared/domain/tunables'
import { isConnectionTrouble } from '@shared/store/connectionTrouble'

/** Where a request's id is kept. */
export function requestIdOf(response: Response): string {
  return String(response.locals['requestId'])
}

/** Gives each request an id, which its answer, its errors and its log line carry. */
export function requestIds(): RequestHandler {
  return (_request, response, next) => {
    const requestId = newId('request')
    response.locals['requestId'] = requestId
    response.setHeader('X-Request-Id', requestId)
    next()
  }
}

/** An Express application that says nothing about itself. */
export function newApp(): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', 'simple')
  app.use(requestIds())
  return app
}

/** Reads a JSON body, also when it comes without a content type; any other type is refused. */
export function jsonBody(): RequestHandler {
  const parse = express.json({ limit: tunables.bodyBytes, strict: false, type: () => true })
  return (request, response, next) => {
    const type = request.headers['content-type']
    const empty =
      request.headers['content-length'] === '0' ||
      (!request.headers['content-length'] && !request.headers['transfer-encoding'])
    if (empty) return next()
    if (type !== undefined && !/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type)) {
      return next(new AgentViewError('unsupported_media_type', 'Send the body as application/json.'))
    }
    parse(request, response, next)
  }
}

/** Whatever reaches the end of the application is answered in the one shape of errors; what we didn't foresee is logged. */
export function answerErrors(log: Logger) {
  return (error: unknown, request: Request, response: Response, next: NextFunction): void => {
    const answer = toAgentViewError(error)
    const requestId = requestIdOf(response)
    if (answer.code === 'internal')
      log.error({ err: error, requestId, method: request.method, path: request.path }, 'a request failed')
    if (response.headersSent) return next(error)
    sendError(response, answer)
  }
}

/** What may be over in a moment: asking again, not at once, is the right thing to do. */
const PASSING: ReadonlySet<ErrorCode> = new Set(['unavailable', 'rate_limited'])

export function sendError(response: Response, error: AgentViewError): void {
  const { code, message, details, extra } = error
  if (code === 'unauthorized' || code === 'token_expired') response.setHeader('WWW-Authenticate', 'Bearer')
  if (PASSING.has(code) && !response.hasHeader('Retry-After')) response.setHeader('Retry-After', '1')
  const body = { code, message, ...(details && { details }), requestId: requestIdOf(response), ...extra }
  response.status(error.status).json({ error: body })
}

/** For paths that nothing answers. */
export function answerNotFound(): RequestHandler {
  return (request, _response, next) =>
    next(new AgentViewError('not_found', `There is nothing at ${request.method} ${request.path.slice(0, 200)}.`))
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
    if (error.type === 'entity.parse.failed') return new AgentViewError('invalid_json', 'The body is not valid JSON.')
    if (error.status >= 400 && error.status < 500)
      return new AgentViewError('invalid_request', 'The request could not be read.')
  }
  if (isConnectionTrouble(error))
    return new AgentViewError('unavailable', 'The database can not be reached just now: try again.')
  return new AgentViewError('internal', `Something went wrong on our side. Reference: ${randomUUID().slice(0, 8)}.`)
}

function isHttpError(error: unknown): error is { status: number; type?: string } {
  return typeof error === 'object' && error !== null && 'status' in error && typeof error.status === 'number'
}
