import { AgentViewError, notFound } from '@shared/domain/errors'
import type { HeldInvitation } from '@shared/store/admin/invitations'

/** Refuses one that can't be used. */
export function openInvitation(invitation: HeldInvitation | null): HeldInvitation {
  if (!invitation) throw notFound('invitation')
  if (invitation.status === 'open') return invitation
  const why = { accepted: 'was accepted before', revoked: 'was taken back', expired: 'has expired' }[invitation.status]
  throw new AgentViewError('invitation_over', `This invitation ${why}: ask for another one.`)
}
