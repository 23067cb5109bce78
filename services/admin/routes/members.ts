import type { Member } from '@shared/contracts/adminObjects'
import { AgentViewError, notFound } from '@shared/domain/errors'
import { type Role, isAtLeast } from '@shared/domain/roles'
import { tunables } from '@shared/domain/tunables'
import { idKeyOf, readCursor, toPage } from '@shared/http/cursor'
import { sayCuts } from '@shared/intake/sayAccepted'
import { audited } from '@shared/store/admin/audit'
import { type MemberOutcome, changeRole, listMembers, removeMember } from '@shared/store/admin/members'
import type { AdminTools } from '../adminTools.ts'
import { auditorOf } from '../caller.ts'
import type { AdminHandlers } from '../serveAdmin.ts'

const isMemberKey = idKeyOf('member')

export function memberRoutes(tools: AdminTools): AdminHandlers<'listMembers' | 'changeMember' | 'removeMember'> {
  const { db } = tools
  return {
    async listMembers({ caller, query }) {
      const { limit = tunables.listDefault, order = 'asc', cursor, removed = false } = query
      const after = readCursor(cursor, isMemberKey)?.[0] ?? null
      const rows = await listMembers(db, caller.organizationId, { after, removed, limit: limit + 1, order })
      const seen = rows.map((member) => shownTo(caller.role, member))
      return { status: 200, body: toPage(seen, limit, ({ id }) => [id]) }
    },

    async changeMember(call) {
      const { caller, params, body } = call
      const outcome = await audited(db, auditorOf(caller, call), (client) =>
        changeRole(client, caller.organizationId, caller.role, params.memberId, body.role),
      )
      return { status: 200, body: memberOf(outcome) }
    },

    async removeMember(call) {
      const { caller, params } = call
      const outcome = await audited(db, auditorOf(caller, call), (client) =>
        removeMember(client, caller.organizationId, caller, params.memberId),
      )
      memberOf(outcome)
      sayCuts(tools, [{ subject: params.memberId, reason: 'revoked' }])
      return { status: 204, body: null }
    },
  }
}

/** The member that a change was of, or why there was none. */
export function memberOf(outcome: MemberOutcome): Member {
  if (outcome === 'absent') throw notFound('member')
  if (outcome === 'forbidden') throw ownersOnly()
  if (outcome === 'last_owner') {
    throw new AgentViewError('last_owner', 'An organization needs an owner: make somebody else one first.')
  }
  return outcome
}

export function ownersOnly(): AgentViewError {
  return new AgentViewError('forbidden', 'Only owners may make, change and remove owners.')
}

/** Addresses are for those who manage members. */
function shownTo(role: Role, { email, ...member }: Member): Member {
  return isAtLeast(role, 'admin') && email !== undefined ? { ...member, email } : member
}
