import { randomBytes } from 'node:crypto'
import { AgentViewError, notFound } from '@shared/domain/errors'
import { mayGrant } from '@shared/domain/roles'
import { tunables } from '@shared/domain/tunables'
import { idKeyOf, readCursor, toPage } from '@shared/http/cursor'
import { audited } from '@shared/store/admin/audit'
import { createInvitation, findInvitation, listInvitations, revokeInvitation } from '@shared/store/admin/invitations'
import { findUserByEmail } from '@shared/store/admin/users'
import { acceptInvitation } from '../acceptInvitation.ts'
import { openInvitation } from '../openInvitation.ts'
import type { AdminTools } from '../adminTools.ts'
import { auditorOf } from '../caller.ts'
import type { AdminHandlers } from '../serveAdmin.ts'
import { ownersOnly } from './members.ts'
import { logIn } from './login.ts'

type Names = 'listInvitations' | 'createInvitation' | 'revokeInvitation' | 'readInvitation' | 'acceptInvitation'

const isInvitationKey = idKeyOf('invitation')

export function invitationRoutes(tools: AdminTools): AdminHandlers<Names> {
  const { db, mailer, publicUrl, log } = tools

  /** The link is shown as well, so a mail that fails costs nothing but its sending. */
  async function mail(email: string, organization: string, link: string): Promise<boolean> {
    if (!mailer) return false
    const subject = `You are invited to ${organization} on AgentView`
    const text = `You are invited to join ${organization} on AgentView.\n\nOpen this link within 7 days:\n${link}\n\nIf you did not expect this, ignore it.\n`
    try {
      await mailer.send({ to: email, subject, text })
      return true
    } catch (error) {
      log.warn({ err: error }, 'an invitation could not be mailed')
      return false
    }
  }

  return {
    async listInvitations({ caller, query }) {
      const { limit = tunables.listDefault, order = 'desc', cursor } = query
      const after = readCursor(cursor, isInvitationKey)?.[0] ?? null
      const rows = await listInvitations(db, caller.organizationId, { after, limit: limit + 1, order })
      return { status: 200, body: toPage(rows, limit, ({ id }) => [id]) }
    },

    async createInvitation(call) {
      const { caller, body } = call
      if (!mayGrant(caller.role, body.role)) throw ownersOnly()
      const token = randomBytes(32).toString('base64url')
      const invitation = await audited(db, auditorOf(caller, call), (client) =>
        createInvitation(client, caller.organizationId, { ...body, invitedBy: caller.memberId, token }),
      )
      if (invitation === 'already') throw new AgentViewError('already_member', `${body.email} is a member already.`)
      // Behind the #, so that it stands in no log of a server.
      const link = `${publicUrl}/studio/invitation#${token}`
      const mailed = await mail(invitation.email, caller.member!.organization.name, link)
      return { status: 201, body: { ...invitation, link, mailed } }
    },

    async revokeInvitation(call) {
      const { caller, params } = call
      const outcome = await audited(db, auditorOf(caller, call), (client) =>
        revokeInvitation(client, caller.organizationId, params.invitationId),
      )
      if (outcome === 'absent') throw notFound('invitation')
      if (outcome === 'over')
        throw new AgentViewError('invitation_over', 'This invitation was accepted or revoked before.')
      return { status: 204, body: null }
    },

    async readInvitation({ body }) {
      const { organization, email, role, expiresAt } = openInvitation(await findInvitation(db, body.token, false))
      const known = (await findUserByEmail(db, email)) !== null
      return { status: 200, body: { organization: organization.name, email, role, known, expiresAt } }
    },

    async acceptInvitation({ body, request, requestId, address }) {
      const { email } = await acceptInvitation(tools, body, { requestId, address })
      const { body: me, cookies } = await logIn(tools, { email, password: body.password }, request.headers, {
        requestId,
        address,
      })
      return { status: 200, body: me, cookies }
    },
  }
}
