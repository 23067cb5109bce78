import { findScoreFault } from '@shared/contracts/checkScore'
import { AgentViewError, notFound } from '@shared/domain/errors'
import { tunables } from '@shared/domain/tunables'
import { idKeyOf, readCursor, toPage } from '@shared/http/cursor'
import { refuseLarge } from '@shared/intake/input'
import { audited } from '@shared/store/admin/audit'
import { findScorableItem, listScores, readScoreHistory, removeScore, setScore } from '@shared/store/admin/scores'
import type { AdminTools } from '../adminTools.ts'
import { auditorOf } from '../caller.ts'
import type { AdminHandlers } from '../serveAdmin.ts'
import { sayDiscussed } from '../topics.ts'
import { ownSession } from './sessions.ts'

const isScoreKey = idKeyOf('score')

export function scoreRoutes(
  tools: AdminTools,
): AdminHandlers<'listScores' | 'setScore' | 'removeScore' | 'listScoreHistory'> {
  const { db } = tools

  async function itemOf(organizationId: string, itemId: string) {
    const item = await findScorableItem(db, organizationId, itemId)
    if (!item) throw notFound('item')
    return item
  }

  return {
    async listScores({ caller, params, query }) {
      const { limit = tunables.listDefault, order = 'asc', cursor } = query
      const after = readCursor(cursor, isScoreKey)?.[0] ?? null
      await ownSession(db, caller, params.sessionId)
      const rows = await listScores(db, params.sessionId, { after, limit: limit + 1, order })
      return { status: 200, body: toPage(rows, limit, ({ id }) => [id]) }
    },

    async setScore(call) {
      const { caller, params, body } = call
      const { name, value, comment = null } = body
      refuseLarge('/value', value, tunables.scoreBytes)
      const { sessionId, definition, ...item } = await itemOf(caller.organizationId, params.itemId)
      const details = findScoreFault(definition, item, { name, value })
      if (details) {
        const [first] = details
        throw new AgentViewError('schema_violation', `This score is not valid: ${first?.path} ${first?.message}.`, {
          details,
        })
      }
      const score = { sessionId, itemId: params.itemId, name, value, comment }
      const outcome = await audited(db, auditorOf(caller, call), (client) => setScore(client, caller, score))
      if (outcome === 'absent') throw notFound('item')
      sayDiscussed(tools, caller.organizationId, sessionId, outcome.change)
      return { status: outcome.created ? 201 : 200, body: outcome.score }
    },

    async removeScore(call) {
      const { caller, params } = call
      const { itemId, name } = params
      const { sessionId } = await itemOf(caller.organizationId, itemId)
      const outcome = await audited(db, auditorOf(caller, call), (client) =>
        removeScore(client, caller, { sessionId, itemId, name }),
      )
      if (outcome === 'absent') throw notFound('score')
      sayDiscussed(tools, caller.organizationId, sessionId, outcome.change)
      return { status: 204, body: null }
    },

    async listScoreHistory({ caller, params, query }) {
      await itemOf(caller.organizationId, params.itemId)
      const data = await readScoreHistory(db, params.itemId, query.limit ?? tunables.listMax)
      return { status: 200, body: { data } }
    },
  }
}
