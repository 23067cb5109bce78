import { notFound } from '@shared/domain/errors'
import type { Handlers } from '@shared/http/serveRoute'
import { eraseEndUser, updateEndUser, upsertEndUser } from '@shared/intake/endUsers'
import { findEndUser } from '@shared/store/endUsers'
import type { ApiTools } from '../apiTools.ts'

type Names = 'upsertEndUser' | 'readEndUser' | 'updateEndUser' | 'eraseEndUser'

export function endUserRoutes(tools: ApiTools): Handlers<Names> {
  return {
    async upsertEndUser({ caller, body, key }) {
      const { endUser, created, replayed } = await upsertEndUser(tools, caller, body, key)
      const headers = {
        Location: `/v1/end-users/${endUser.id}`,
        ...(replayed && { 'Idempotent-Replayed': 'true' }),
      }
      return { status: created ? 201 : 200, body: endUser, headers }
    },
    async readEndUser({ caller, params }) {
      const endUser = await findEndUser(tools.db, caller.organizationId, params.endUserId)
      if (!endUser) throw notFound('end user')
      return { status: 200, body: endUser }
    },
    async updateEndUser({ caller, params, body }) {
      return { status: 200, body: await updateEndUser(tools, caller, params.endUserId, body) }
    },
    async eraseEndUser({ caller, params }) {
      await eraseEndUser(tools, caller, params.endUserId)
      return { status: 204, body: null }
    },
  }
}
