import express, { type Express, type NextFunction, type Request, type RequestHandler, type Response } from 'express'
import type { Logger } from 'pino'
import { AgentViewError } from '@shared/domain/errors'
import { tunables } from '@shared/domain/tunables'
import { nameRequest, sendThrown } from './answers.ts'

/** An Express application that says nothing about itself. */
export function newApp(): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', 'simple')
  app.use((_request, response, next) => {
    nameRequest(response)
    next()
  })
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

/** Whatever reaches the end of the application is answered in the one shape of errors. */
export function answerErrors(log: Logger) {
  return (error: unknown, request: Request, response: Response, next: NextFunction): void => {
    if (!sendThrown(log, error, request, response)) next(error)
  }
}

/** For paths that nothing answers. */
export function answerNotFound(): RequestHandler {
  return (request, _response, next) =>
    next(new AgentViewError('not_found', `There is nothing at ${request.method} ${request.path.slice(0, 200)}.`))
}
