import { tunables } from '@shared/domain/tunables'
import { idKeyOf, readCursor, toPage } from '@shared/http/cursor'
import { listAudit } from '@shared/store/admin/listAudit'
import type { AdminTools } from '../adminTools.ts'
import type { AdminHandlers } from '../serveAdmin.ts'
import { spanOf } from '../times.ts'

const isAuditKey = idKeyOf('auditEntry')

export function auditRoutes({ reads }: AdminTools): AdminHandlers<'listAuditLog'> {
  return {
    async listAuditLog({ caller, query }) {
      const { limit = tunables.listDefault, order = 'desc', cursor, ...asked } = query
      const { by = null, action = null, target = null } = asked
      const { from = null, to = null } = spanOf({ from: asked.from, to: asked.to })
      const filter = { after: readCursor(cursor, isAuditKey)?.[0] ?? null, by, action, target, from, to }
      const rows = await listAudit(reads, caller.organizationId, filter, { limit: limit + 1, order })
      return { status: 200, body: toPage(rows, limit, ({ id }) => [id]) }
    },
  }
}
