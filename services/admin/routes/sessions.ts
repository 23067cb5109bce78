import { AgentViewError, notFound } from '@shared/domain/errors'
import { type Json, findJsonFault } from '@shared/domain/json'
import { tunables } from '@shared/domain/tunables'
import { idKeyOf, isNumberKey, isPlaceKey, readCursor, toPage } from '@shared/http/cursor'
import type { SessionFilter } from '@shared/store/admin/filterSessions'
import { countAdminSessions, listAdminSessions } from '@shared/store/admin/listAdminSessions'
import { catchUp, markSession, readStanding } from '@shared/store/admin/marks'
import { findEndUserOf } from '@shared/store/admin/listEndUsers'
import { readSnapshot } from '@shared/store/readSnapshot'
import { findSession, listItems, listRuns } from '@shared/store/sessions'
import type { AdminTools } from '../adminTools.ts'
import type { MemberCaller } from '../caller.ts'
import { patiently } from '../patiently.ts'
import type { AdminCall, AdminHandlers } from '../serveAdmin.ts'
import { spanOf } from '../times.ts'

type Names = 'countSessions' | 'listSessions' | 'readSession' | 'listItems' | 'listRuns' | 'markSession' | 'markAllSeen'

const isSessionKey = idKeyOf('session')

export function sessionRoutes({ db, reads }: AdminTools): AdminHandlers<Names> {
  return {
    // Before readSession: `count` is no id.
    async countSessions({ caller, query }) {
      const most = tunables.admin.count
      const count = await patiently(countAdminSessions(reads, filterOf(caller, query), most))
      return { status: 200, body: { count, capped: count === most } }
    },

    async listSessions({ caller, query }) {
      const { limit = tunables.listDefault, order = 'desc', cursor } = query
      const after = readCursor(cursor, isSessionKey)?.[0] ?? null
      const rows = await patiently(
        listAdminSessions(reads, filterOf(caller, query), after, { limit: limit + 1, order }),
      )
      return { status: 200, body: toPage(rows, limit, (session) => [session.id]) }
    },

    async readSession({ caller, params }) {
      await ownSession(db, caller, params.sessionId)
      const snapshot = await readSnapshot(db, params.sessionId)
      const standing = await readStanding(db, caller.memberId, params.sessionId)
      if (!snapshot || !standing) throw notFound('session')
      const { session, items, runs } = snapshot
      const endUser = await findEndUserOf(db, caller.organizationId, session.endUserId)
      if (!endUser) throw notFound('session')
      return { status: 200, body: { session, endUser, items, runs, ...standing } }
    },

    async listItems({ caller, params, query }) {
      const { limit = tunables.listDefault, order = 'asc', cursor } = query
      const after = readCursor(cursor, isPlaceKey)
      const place = after && { runNo: after[0], itemNo: after[1] }
      await ownSession(db, caller, params.sessionId)
      const rows = await listItems(db, params.sessionId, place, { limit: limit + 1, order })
      return { status: 200, body: toPage(rows, limit, (item) => [item.runNo, item.itemNo]) }
    },

    async listRuns({ caller, params, query }) {
      const { limit = tunables.listDefault, order = 'asc', cursor } = query
      const after = readCursor(cursor, isNumberKey)?.[0] ?? null
      await ownSession(db, caller, params.sessionId)
      const rows = await listRuns(db, params.sessionId, after, { limit: limit + 1, order })
      return { status: 200, body: toPage(rows, limit, (run) => [run.runNo]) }
    },

    async markSession({ caller, params, body }) {
      const { organizationId, memberId } = caller
      if (!(await markSession(db, organizationId, memberId, params.sessionId, body))) throw notFound('session')
      const standing = await readStanding(db, memberId, params.sessionId)
      if (!standing) throw notFound('session')
      return { status: 200, body: standing.mark }
    },

    async markAllSeen({ caller }) {
      await catchUp(db, caller.memberId)
      return { status: 204, body: null }
    },
  }
}

/** Refuses a session that isn't the organization's. */
export async function ownSession(db: AdminTools['db'], caller: MemberCaller, sessionId: string): Promise<void> {
  const scope = { organizationId: caller.organizationId, endUserId: null }
  if (!(await findSession(db, scope, sessionId))) throw notFound('session')
}

function filterOf(caller: MemberCaller, query: AdminCall<'countSessions'>['query']): SessionFilter {
  const { agent, version, space, status, endUserId, starred, unread, commented } = query
  const { from, to } = spanOf({ from: query.from, to: query.to })
  const { organizationId, memberId } = caller
  const plain = { organizationId, memberId, agent, version, space, status, endUserId, from, to }
  return { ...plain, starred, unread, commented, score: scoreFilter(query), metadata: metadataFilter(query) }
}

function scoreFilter(query: AdminCall<'countSessions'>['query']): SessionFilter['score'] {
  const { score: name, scoreIs = 'eq', scoreValue } = query
  if (name === undefined) {
    if (query.scoreIs === undefined && scoreValue === undefined) return undefined
    throw new AgentViewError(
      'invalid_request',
      'The query is not valid: scoreIs and scoreValue need the name in `score`.',
    )
  }
  if (scoreValue === undefined) return { name }
  return { name, compare: { by: scoreIs, value: jsonIn(scoreValue) } }
}

function jsonIn(text: string): Json {
  try {
    const value = JSON.parse(text) as Json
    if (findJsonFault(value, tunables.jsonDepth) === null) return value
  } catch {
    // told below
  }
  throw new AgentViewError('invalid_request', 'The query is not valid: /scoreValue must be JSON, e.g. "up" or 4.', {
    details: [{ path: '/scoreValue', message: 'must be JSON' }],
  })
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
