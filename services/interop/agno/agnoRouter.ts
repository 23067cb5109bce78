import express, { type Request, type Response, type Router } from 'express'
import { tunables } from '@shared/domain/tunables'
import { type FaultLog, explained, tellWhenAgain } from '@shared/http/answers'
import type { Door } from '@shared/intake/door'
import type { InteropTools } from '../interopTools.ts'
import { type TalkerHandler, serveTalker } from '../serveTalker.ts'
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
  for (const [place, handle] of Object.entries<TalkerHandler>({ ...runRoutes(tools), ...sessionRoutes(tools) })) {
    const [method, path] = place.split(' ') as ['get' | 'post' | 'patch' | 'delete', string]
    router[method](path, serveTalker(door, handle))
  }
  router.use(answerAgno(tools.log))
  return router
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
