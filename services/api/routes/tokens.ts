import type { Handlers } from '@shared/http/serveRoute'
import { grantAnonymous, grantKnown, grantRefreshed } from '@shared/intake/grantTokens'
import { AgentViewError } from '@shared/domain/errors'
import { tunables } from '@shared/domain/tunables'
import type { ApiTools } from '../apiTools.ts'

export function tokenRoutes(tools: ApiTools): Handlers<'createAnonymousToken' | 'refreshToken' | 'createEndUserToken'> {
  return {
    async createAnonymousToken({ caller, body }) {
      const metadata = body.metadata ?? {}
      if (Buffer.byteLength(JSON.stringify(metadata)) > tunables.metadataBytes) {
        throw new AgentViewError(
          'payload_too_large',
          `metadata may not have more than ${tunables.metadataBytes} bytes.`,
        )
      }
      return { status: 201, body: await grantAnonymous(tools, caller.organizationId, metadata) }
    },
    async refreshToken({ caller, body }) {
      return { status: 200, body: await grantRefreshed(tools, caller.organizationId, body.refreshToken) }
    },
    async createEndUserToken({ caller, params }) {
      return { status: 201, body: await grantKnown(tools, caller.organizationId, params.endUserId) }
    },
  }
}
