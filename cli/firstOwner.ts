import { randomBytes } from 'node:crypto'
import { hashPassword } from '@services/admin/login/passwords'
import { type Client, writeAudit } from '@shared/store/admin/audit'
import { addMember, listMembers } from '@shared/store/admin/members'
import { findUserByEmail, insertUser } from '@shared/store/admin/users'

/** Nobody's mailbox, but an address by its form: an owner gives his own to those whom he invites. */
const EMAIL = 'owner@agentview.local'

/** Makes an owner who can log in, of an organization that has no members. Null: it has some. The caller is alone in this, in a transaction. */
export async function createFirstOwner(
  client: Client,
  organizationId: string,
): Promise<{ email: string; password: string } | null> {
  const [member] = await listMembers(client, organizationId, { after: null, removed: true, limit: 1, order: 'asc' })
  if (member) return null
  const email = (await findUserByEmail(client, EMAIL))
    ? EMAIL.replace('@', `+${randomBytes(3).toString('hex')}@`)
    : EMAIL
  const password = newPassword()
  const passwordHash = await hashPassword(password)
  const user = await insertUser(client, { email, name: 'Owner', passwordHash })
  if (!user) throw new Error(`somebody has the address ${email} already`)
  await addMember(client, organizationId, user.id, 'owner')
  const by = { organizationId, memberId: null, requestId: 'bootstrap', address: null }
  await writeAudit(client, by, { action: 'member.create', target: user.id, details: { email, role: 'owner' } })
  return { email, password }
}

/** 120 random bits, without signs that are hard to tell or to type. */
export function newPassword(): string {
  return randomBytes(15).toString('base64url')
}
