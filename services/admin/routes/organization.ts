import { notFound } from '@shared/domain/errors'
import { audited } from '@shared/store/admin/audit'
import { changeOrganization, readOrganization } from '@shared/store/admin/organization'
import type { AdminTools } from '../adminTools.ts'
import { auditorOf } from '../caller.ts'
import type { AdminHandlers } from '../serveAdmin.ts'

export function organizationRoutes({ db }: AdminTools): AdminHandlers<'readOrganization' | 'changeOrganization'> {
  async function read(organizationId: string) {
    const organization = await readOrganization(db, organizationId)
    if (!organization) throw notFound('organization')
    return { status: 200, body: organization }
  }
  return {
    readOrganization: ({ caller }) => read(caller.organizationId),
    async changeOrganization(call) {
      const { caller, body } = call
      await audited(db, auditorOf(caller, call), (client) => changeOrganization(client, caller.organizationId, body))
      return read(caller.organizationId)
    },
  }
}
