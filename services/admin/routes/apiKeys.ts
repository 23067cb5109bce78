import { notFound } from '@shared/domain/errors'
import { tunables } from '@shared/domain/tunables'
import { idKeyOf, readCursor, toPage } from '@shared/http/cursor'
import { sayCuts } from '@shared/intake/sayAccepted'
import { findApiKeyInfo, listApiKeys, revokeApiKey } from '@shared/store/admin/apiKeys'
import { audited } from '@shared/store/admin/audit'
import { insertApiKey } from '@shared/store/apiKeys'
import type { AdminTools } from '../adminTools.ts'
import { auditorOf } from '../caller.ts'
import type { AdminHandlers } from '../serveAdmin.ts'

const isKeyKey = idKeyOf('apiKey')

export function apiKeyRoutes(tools: AdminTools): AdminHandlers<'listApiKeys' | 'createApiKey' | 'revokeApiKey'> {
  const { db } = tools
  return {
    async listApiKeys({ caller, query }) {
      const { limit = tunables.listDefault, order = 'desc', cursor } = query
      const after = readCursor(cursor, isKeyKey)?.[0] ?? null
      const rows = await listApiKeys(db, caller.organizationId, { after, limit: limit + 1, order })
      return { status: 200, body: toPage(rows, limit, ({ id }) => [id]) }
    },

    async createApiKey(call) {
      const { caller, body } = call
      const { kind, name } = body
      const { id, key } = await audited(db, auditorOf(caller, call), async (client) => {
        const made = await insertApiKey(client, caller.organizationId, kind, name)
        return { result: made, note: { action: 'apiKey.create', target: made.id, details: { kind, name } } }
      })
      const info = await findApiKeyInfo(db, caller.organizationId, id)
      if (!info) throw notFound('API key')
      return { status: 201, body: { ...info, key } }
    },

    async revokeApiKey(call) {
      const { caller, params } = call
      const outcome = await audited(db, auditorOf(caller, call), (client) =>
        revokeApiKey(client, caller.organizationId, params.keyId),
      )
      if (outcome === 'absent') throw notFound('API key')
      sayCuts(tools, [{ subject: params.keyId, reason: 'revoked' }])
      return { status: 204, body: null }
    },
  }
}
