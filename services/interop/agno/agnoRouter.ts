import express, { type Request, type RequestHandler, type Response, type Router } from 'express'
import { AgentViewError } from '@shared/domain/errors'
import { tunables } from '@shared/domain/tunables'
import { type FaultLog, explained, tellWhenAgain } from '@shared/http/answers'
import { spendOrRefuse, stayUntilClosed } from '@shared/http/limitedAnswers'
import type { Door } from '@shared/intake/door'
import type { InteropTools } from '../interopTools.ts'
import type { AgnoHandler } from './agnoRoutes.ts'
import { runRoutes } from './runRoutes.ts'
import { sessionRoutes } from './sessionRoutes.ts'

/**
 *   who asks ─▶ within his limit ─▶ handler ─▶ JSON, or a stream
 * Agno's own AgentOS as far as its clients need it for agents and sessions (https://docs.agno.com), over the same functions
 * as the Client API. Teams, knowledge, evaluations and the like don't exist here: their lists answer 404.
 */
export function agnoRouter(tools: InteropTools, door: Door): Router {
  const router = express.Router()
  router.use(
    express.raw({ limit: tunables.bodyBytes, type: ['multipart/form-data', 'application/x-www-form-urlencoded'] }),
  )
  router.use(express.json({ limit: tunables.bodyBytes }))
  router.get('/health', (_request, response) => void response.json({ status: 'ok' }))
  for (const [place, handle] of Object.entries<AgnoHandler>({ ...runRoutes(tools), ...sessionRoutes(tools) })) {
    const [method, path] = place.split(' ') as ['get' | 'post' | 'patch' | 'delete', string]
    router[method](path, served(handle, door))
  }
  router.use(answerAgno(tools.log))
  return router
}

function served(handle: AgnoHandler, door: Door): RequestHandler {
  return async (request, response) => {
    const { authorization = '', origin, host } = request.headers
    const key = request.headers['agentview-key']
    const token = /^Bearer ([\x21-\x7e]{1,8192})$/i.exec(authorization)?.[1] ?? null
    const caller = await door.authenticate(request, token, typeof key === 'string' ? key : null)
    if (caller.kind !== 'endUser' && caller.kind !== 'secret') {
      throw new AgentViewError(
        'forbidden',
        'This credential may not do that: an end user’s token or a secret key is needed.',
      )
    }
    await door.checkOrigin(caller, origin, host)
    spendOrRefuse(door, caller, request, response)
    const stay = () => stayUntilClosed(door, caller, request, response)
    const body = await handle(caller, request, response, stay)
    if (body !== undefined) response.json(body)
  }
}

/** Agno's shape of errors; its clients know an old token by these words and ask for a new one. */
function answerAgno(log: FaultLog) {
  return (error: unknown, request: Request, response: Response, next: (error: unknown) => void): void => {
    const answer = explained(log, error, request, response)
    const { code, status, message } = answer
    if (response.headersSent) return next(error)
    tellWhenAgain(answer, response)
    response.status(status).json({ detail: code === 'token_expired' ? 'Token has expired' : message })
  }
}
