import { AgentViewError } from '@shared/domain/errors'
import { tunables } from '@shared/domain/tunables'
import { writeAudit } from '@shared/store/admin/audit'
import { findInvitation, noteAccepted } from '@shared/store/admin/invitations'
import { addMember } from '@shared/store/admin/members'
import { findUserByEmail, insertUser } from '@shared/store/admin/users'
import { inTransaction } from '@shared/store/query'
import type { AdminTools } from './adminTools.ts'
import { hashPassword, isPassword } from './login/passwords.ts'
import { openInvitation } from './openInvitation.ts'
import { takeTry, wrongPair } from './routes/login.ts'

interface Acceptance {
  token: string
  name?: string
  password: string
}

/**
 *   the invitation is open ─▶ known: the password is right; new: name and password will do ─▶ user, member, accepted: one transaction
 * Passwords are hashed before, so that nothing is locked meanwhile; what was found is looked at again under the lock.
 */
export async function acceptInvitation(
  tools: AdminTools,
  { token, name, password }: Acceptance,
  origin: { requestId: string; address: string },
): Promise<{ email: string }> {
  const { db } = tools
  const { email } = openInvitation(await findInvitation(db, token, false))
  const known = await findUserByEmail(db, email)
  if (known) await checkPassword(tools, known, password, origin.address)
  else refuseWeak(name, password)
  const passwordHash = known ? null : await hashPassword(password)

  await inTransaction(db, 'begin', async (client) => {
    const invitation = openInvitation(await findInvitation(client, token, true))
    const made = passwordHash !== null && (await insertUser(client, { email, name: name!, passwordHash }))
    const user = known ?? made
    // Somebody with this address came meanwhile, by another invitation.
    if (!user)
      throw new AgentViewError('invitation_over', 'There is a person with this address now: open the link again.')
    const { organization, role } = invitation
    const added = await addMember(client, organization.id, user.id, role)
    if (added === 'already') throw new AgentViewError('already_member', 'You are a member already: just log in.')
    await noteAccepted(client, invitation.id)
    const by = { organizationId: organization.id, memberId: added.memberId, ...origin }
    await writeAudit(client, by, { action: 'invitation.accept', target: invitation.id, details: { email, role } })
  })
  return { email }
}

async function checkPassword(
  tools: AdminTools,
  { email, passwordHash }: { email: string; passwordHash: string | null },
  password: string,
  address: string,
): Promise<void> {
  await takeTry(tools, address, email)
  if (!(await isPassword(password, passwordHash))) throw wrongPair()
}

function refuseWeak(name: string | undefined, password: string): void {
  const details = [
    ...(name === undefined ? [{ path: '/name', message: 'is needed of somebody new' }] : []),
    ...(password.length < tunables.login.passwordChars
      ? [{ path: '/password', message: `must have at least ${tunables.login.passwordChars} characters` }]
      : []),
  ]
  const [first] = details
  if (!first) return
  throw new AgentViewError('invalid_request', `The body is not valid: ${first.path} ${first.message}.`, { details })
}
