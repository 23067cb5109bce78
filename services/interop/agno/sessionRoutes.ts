import type { Request } from 'express'
import { AgnoRename, AgnoSessionChange, AgnoSessions, NewAgnoSession } from '@shared/contracts/agno'
import { checkOf } from '@shared/contracts/validate'
import { notFound } from '@shared/domain/errors'
import { uuidOf } from '@shared/domain/ids'
import type { JsonObject } from '@shared/domain/json'
import type { Session } from '@shared/domain/objects'
import { tunables } from '@shared/domain/tunables'
import { openSession } from '@shared/intake/beginSession'
import { type Talker, scopeOf } from '@shared/intake/caller'
import { deleteSession } from '@shared/intake/deleteSession'
import { updateSession } from '@shared/intake/updateSession'
import { listSessions } from '@shared/store/listSessions'
import { findSession, readSession } from '@shared/store/sessions'
import { agentName } from '../agentName.ts'
import { checked } from '../checkBody.ts'
import type { InteropTools } from '../interopTools.ts'
import { readHistory } from '../readHistory.ts'
import type { AgnoRoutes } from './agnoRoutes.ts'
import { agnoEntry, agnoRun, agnoSession } from './history.ts'

const checkNew = checkOf(NewAgnoSession)
const checkChange = checkOf(AgnoSessionChange)
const checkRename = checkOf(AgnoRename)
const checkMany = checkOf(AgnoSessions)

/** One page, or as many pages as clients ask for by number. */
const LISTED = tunables.listMax

/** Sessions and their history. */
export function sessionRoutes(tools: InteropTools): AgnoRoutes {
  const { db } = tools

  async function ownSession(caller: Talker, { params }: Request): Promise<Session> {
    const sessionId = String(params['sessionId'])
    const found = uuidOf('session', sessionId) && (await findSession(db, scopeOf(caller), sessionId))
    const session = found ? await readSession(db, sessionId) : null
    if (!session) throw notFound('session')
    return session
  }

  async function changed(
    caller: Talker,
    request: Request,
    title: string | null | undefined,
    metadata?: JsonObject | null,
  ) {
    const { id: sessionId } = await ownSession(caller, request)
    const change = { ...(title !== undefined && { title: title || null }), ...(metadata && { metadata }) }
    await updateSession(tools, caller, sessionId, change)
    return agnoSession(await ownSession(caller, request))
  }

  async function history(session: Session) {
    const { runs, items } = await readHistory(db, session.id)
    return runs.map((run) => agnoRun(run, items.get(run.id) ?? [], session.agent))
  }

  return {
    async 'get /sessions'(caller, { query }) {
      const { organizationId, endUserId } = scopeOf(caller)
      const agent = query['component_id'] === undefined ? null : agentName(query['component_id'])
      const filter = { organizationId, endUserId, agent, space: null, status: null, metadata: {}, after: null }
      const sessions = await listSessions(db, filter, { limit: LISTED, order: 'desc' })
      const limit = numberIn(query['limit'], LISTED)
      const page = numberIn(query['page'], 1)
      const data = sessions.slice((page - 1) * limit, page * limit).map(agnoEntry)
      const total = sessions.length
      return {
        data,
        meta: { page, limit, total_pages: Math.ceil(total / limit), total_count: total, search_time_ms: 0 },
      }
    },

    async 'post /sessions'(caller, { body }) {
      const { agent_id: agent, session_name: title, metadata } = checked(checkNew, body)
      const request = { agent, ...(title && { title }), ...(metadata && { metadata }) }
      const { sessionId } = await openSession(tools, caller, request, null)
      const session = await readSession(db, sessionId)
      if (!session) throw notFound('session')
      return agnoSession(session)
    },

    async 'delete /sessions'(caller, { body }, response) {
      for (const sessionId of checked(checkMany, body).session_ids) await deleteSession(tools, caller, sessionId)
      response.status(204).end()
    },

    async 'get /sessions/:sessionId'(caller, request) {
      return agnoSession(await ownSession(caller, request))
    },

    async 'patch /sessions/:sessionId'(caller, request) {
      const { session_name: title, metadata } = checked(checkChange, request.body)
      return changed(caller, request, title, metadata)
    },

    async 'post /sessions/:sessionId/rename'(caller, request) {
      return changed(caller, request, checked(checkRename, request.body).session_name)
    },

    async 'delete /sessions/:sessionId'(caller, request, response) {
      const { id: sessionId } = await ownSession(caller, request)
      await deleteSession(tools, caller, sessionId)
      response.status(204).end()
    },

    async 'get /sessions/:sessionId/runs'(caller, request) {
      return history(await ownSession(caller, request))
    },

    async 'get /sessions/:sessionId/runs/:runId'(caller, request) {
      const run = (await history(await ownSession(caller, request))).find(
        (one) => one.run_id === request.params['runId'],
      )
      if (!run) throw notFound('run')
      return run
    },
  }
}

function numberIn(value: unknown, otherwise: number): number {
  return typeof value === 'string' && /^[1-9]\d{0,5}$/.test(value) ? Math.min(Number(value), LISTED) : otherwise
}
