import { notFound } from '@shared/domain/errors'
import { tunables } from '@shared/domain/tunables'
import { idKeyOf, readCursor, toPage } from '@shared/http/cursor'
import { sayErased } from '@shared/intake/endUsers'
import { audited } from '@shared/store/admin/audit'
import { findEndUserOf, listEndUsers } from '@shared/store/admin/listEndUsers'
import { eraseEndUser } from '@shared/store/eraseEndUser'
import type { AdminTools } from '../adminTools.ts'
import { auditorOf } from '../caller.ts'
import { patiently } from '../patiently.ts'
import type { AdminHandlers } from '../serveAdmin.ts'

const isEndUserKey = idKeyOf('endUser')

export function endUserRoutes(tools: AdminTools): AdminHandlers<'listEndUsers' | 'readEndUser' | 'eraseEndUser'> {
  const { db, reads } = tools
  return {
    async listEndUsers({ caller, query }) {
      const { limit = tunables.listDefault, order = 'desc', cursor, space, anonymous, externalId } = query
      const filter = { after: readCursor(cursor, isEndUserKey)?.[0] ?? null, space, anonymous, externalId }
      const rows = await patiently(listEndUsers(reads, caller.organizationId, filter, { limit: limit + 1, order }))
      return { status: 200, body: toPage(rows, limit, ({ id }) => [id]) }
    },

    async readEndUser({ caller, params }) {
      const endUser = await findEndUserOf(db, caller.organizationId, params.endUserId)
      if (!endUser) throw notFound('end user')
      return { status: 200, body: endUser }
    },

    async eraseEndUser(call) {
      const { caller, params } = call
      const { organizationId } = caller
      await audited(db, auditorOf(caller, call), async (client) => {
        if (!(await eraseEndUser(client, organizationId, params.endUserId))) throw notFound('end user')
        return { result: null, note: { action: 'endUser.erase', target: params.endUserId } }
      })
      await sayErased(tools, organizationId, params.endUserId)
      return { status: 204, body: null }
    },
  }
}
