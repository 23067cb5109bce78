import express, { type Router } from 'express'
import { jsonBody } from '@shared/http/httpApp'
import type { Door } from '@shared/intake/door'
import type { InteropTools } from '../interopTools.ts'
import { serveTalker } from '../serveTalker.ts'
import { runAgent } from './runAgent.ts'

/**
 * AG-UI for clients such as the official HttpAgent (https://docs.ag-ui.com): one address for each agent, over the same
 * functions as the Client API. Refusals have the shape of the Client API's: what has failed later is told as RUN_ERROR.
 */
export function agUiRouter(tools: InteropTools, door: Door): Router {
  const router = express.Router()
  router.post('/:agent', jsonBody(), serveTalker(door, runAgent(tools)))
  return router
}
