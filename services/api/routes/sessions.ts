import { AgentViewError, notFound } from '@shared/domain/errors'
import { tunables } from '@shared/domain/tunables'
import type { Handlers } from '@shared/http/serveRoute'
import { type Talker, scopeOf } from '@shared/intake/caller'
import { openSession } from '@shared/intake/beginSession'
import { deleteSession } from '@shared/intake/deleteSession'
import { updateSession } from '@shared/intake/updateSession'
import { readSnapshot } from '@shared/store/readSnapshot'
import { listSessions } from '@shared/store/listSessions'
import { findSession, listItems, listRuns, readSession } from '@shared/store/sessions'
import type { ApiTools } from '../apiTools.ts'
import { idKeyOf, isNumberKey, isPlaceKey, readCursor, toPage } from '@shared/http/cursor'

type Names =
  'createSession' | 'listSessions' | 'readSession' | 'updateSession' | 'deleteSession' | 'listItems' | 'listRuns'

const isSessionKey = idKeyOf('session')

export function sessionRoutes(tools: ApiTools): Handlers<Names> {
  const { db } = tools

  async function ownSession(caller: Talker, sessionId: string): Promise<string> {
    if (!(await findSession(db, scopeOf(caller), sessionId))) throw notFound('session')
    return sessionId
  }

  return {
    async createSession({ caller, body, key }) {
      const { sessionId, replayed } = await openSession(tools, caller, body, key)
      const session = await readSession(db, sessionId)
      if (!session) throw notFound('session')
      const headers = { Location: `/v1/sessions/${sessionId}`, ...(replayed && { 'Idempotent-Replayed': 'true' }) }
      return { status: 201, body: session, headers }
    },

    async listSessions({ caller, query }) {
      const { limit = tunables.listDefault, order = 'desc', cursor } = query
      const own = scopeOf(caller)
      if (own.endUserId && query.endUserId && own.endUserId !== query.endUserId) throw notFound('end user')
      const filter = {
        organizationId: own.organizationId,
        endUserId: own.endUserId ?? query.endUserId ?? null,
        agent: query.agent ?? null,
        space: query.space ?? null,
        status: query.status ?? null,
        metadata: metadataFilter(query),
        after: readCursor(cursor, isSessionKey)?.[0] ?? null,
      }
      const rows = await listSessions(db, filter, { limit: limit + 1, order })
      return { status: 200, body: toPage(rows, limit, (session) => [session.id]) }
    },

    async readSession({ caller, params, query }) {
      const snapshot = await readSnapshot(db, await ownSession(caller, params.sessionId))
      if (!snapshot) throw notFound('session')
      const { session, items, runs } = snapshot
      const lastRun = runs.at(-1)
      const included = query.include === 'runs' ? { runs } : {}
      return { status: 200, body: { ...session, items, ...included, ...(lastRun && { lastRun }) } }
    },

    async updateSession({ caller, params, body }) {
      await updateSession(tools, caller, params.sessionId, body)
      const session = await readSession(db, params.sessionId)
      if (!session) throw notFound('session')
      return { status: 200, body: session }
    },

    async deleteSession({ caller, params }) {
      await deleteSession(tools, caller, params.sessionId)
      return { status: 204, body: null }
    },

    async listItems({ caller, params, query }) {
      const { limit = tunables.listDefault, order = 'asc', cursor } = query
      const after = readCursor(cursor, isPlaceKey)
      const place = after && { runNo: after[0], itemNo: after[1] }
      const rows = await listItems(db, await ownSession(caller, params.sessionId), place, { limit: limit + 1, order })
      return { status: 200, body: toPage(rows, limit, (item) => [item.runNo, item.itemNo]) }
    },

    async listRuns({ caller, params, query }) {
      const { limit = tunables.listDefault, order = 'asc', cursor } = query
      const after = readCursor(cursor, isNumberKey)?.[0] ?? null
      const rows = await listRuns(db, await ownSession(caller, params.sessionId), after, { limit: limit + 1, order })
      return { status: 200, body: toPage(rows, limit, (run) => [run.runNo]) }
    },
  }
}

const METADATA_FILTERS = 10

/** `metadata.<key>=value` of a query. */
function metadataFilter(query: object): Record<string, string> {
  const filters = Object.entries(query).filter(([name]) => name.startsWith('metadata.'))
  if (filters.length > METADATA_FILTERS) {
    throw new AgentViewError('invalid_request', `At most ${METADATA_FILTERS} metadata filters at once.`)
  }
  return Object.fromEntries(filters.map(([name, value]) => [name.slice('metadata.'.length), String(value)]))
}
