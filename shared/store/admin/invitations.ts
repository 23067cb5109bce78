import type { Invitation } from '@shared/contracts/adminObjects'
import { idOf, newId } from '@shared/domain/ids'
import type { Role } from '@shared/domain/roles'
import { tunables } from '@shared/domain/tunables'
import { hashOf } from '../apiKeys.ts'
import { query, queryOne } from '../query.ts'
import { iso, uuid } from '../render.ts'
import { type Page, START, beyond } from '../sessions.ts'
import type { Changed, Client } from './audit.ts'
import { plainEmail } from './users.ts'

interface InvitationRow {
  id: string
  email: string
  role: Role
  invited_by: string
  status: Invitation['status']
  created_at: Date
  expires_at: Date
}

const COLUMNS = `i.id, i.email, i.role, i.invited_by, i.created_at, i.expires_at,
  case when i.accepted_at is not null then 'accepted' when i.revoked_at is not null then 'revoked'
    when i.expires_at <= clock_timestamp() then 'expired' else 'open' end as status`

function toInvitation(row: InvitationRow): Invitation {
  return {
    id: idOf('invitation', row.id),
    email: row.email,
    role: row.role,
    invitedBy: idOf('member', row.invited_by),
    status: row.status,
    createdAt: iso(row.created_at),
    expiresAt: iso(row.expires_at),
  }
}

export async function listInvitations(
  db: Client,
  organizationId: string,
  { after, limit, order }: Page & { after: string | null },
): Promise<Invitation[]> {
  const rows = await query<InvitationRow>(
    db,
    {
      name: `list_invitations_${order}`,
      text: `select ${COLUMNS} from invitations i where i.organization_id = $1 and i.id ${beyond(order)} $2::uuid
             order by i.id ${order} limit $3`,
    },
    [uuid('organization', organizationId), after ? uuid('invitation', after) : START[order].id, limit],
  )
  return rows.map(toInvitation)
}

/** A new invitation; earlier ones of the same address can't be used any more. `already`: a member has this address. */
export async function createInvitation(
  client: Client,
  organizationId: string,
  { email, role, invitedBy, token }: { email: string; role: Role; invitedBy: string; token: string },
): Promise<Changed<Invitation | 'already'>> {
  const organization = uuid('organization', organizationId)
  const address = plainEmail(email)
  const known = await query(
    client,
    {
      name: 'is_member_by_email',
      text: `select m.id from members m join users u on u.id = m.user_id
             where m.organization_id = $1 and u.email = $2 and m.removed_at is null`,
    },
    [organization, address],
  )
  if (known.length > 0) return { result: 'already', note: null }
  await query(
    client,
    {
      name: 'replace_invitations',
      text: `update invitations set revoked_at = clock_timestamp()
             where organization_id = $1 and email = $2 and accepted_at is null and revoked_at is null`,
    },
    [organization, address],
  )
  const row = await queryOne<InvitationRow>(
    client,
    {
      name: 'create_invitation',
      text: `insert into invitations as i (id, organization_id, email, role, token_hash, invited_by, expires_at)
             values ($1, $2, $3, $4, $5, $6, clock_timestamp() + $7 * interval '1 ms') returning ${COLUMNS}`,
    },
    [
      uuid('invitation', newId('invitation')),
      organization,
      address,
      role,
      hashOf(token),
      uuid('member', invitedBy),
      tunables.login.invitation,
    ],
  )
  const invitation = toInvitation(row!)
  const note = { action: 'invitation.create', target: invitation.id, details: { email: address, role } }
  return { result: invitation, note }
}

/** `over`: it was accepted, revoked or has expired. */
export async function revokeInvitation(
  client: Client,
  organizationId: string,
  invitationId: string,
): Promise<Changed<'revoked' | 'over' | 'absent'>> {
  const row = await queryOne<{ email: string; over: boolean }>(
    client,
    {
      name: 'revoke_invitation',
      text: `with found as (
          select id, email, (accepted_at is not null or revoked_at is not null) as over from invitations
          where id = $1 and organization_id = $2 for no key update
        ), revoked as (
          update invitations set revoked_at = clock_timestamp() from found f where invitations.id = f.id and not f.over
        )
        select email, over from found`,
    },
    [uuid('invitation', invitationId), uuid('organization', organizationId)],
  )
  if (!row) return { result: 'absent', note: null }
  if (row.over) return { result: 'over', note: null }
  return {
    result: 'revoked',
    note: { action: 'invitation.revoke', target: invitationId, details: { email: row.email } },
  }
}

export interface HeldInvitation extends Invitation {
  organization: { id: string; name: string }
}

/** The invitation that a token is of; `lock`: nobody else accepts it meanwhile. */
export async function findInvitation(client: Client, token: string, lock: boolean): Promise<HeldInvitation | null> {
  const row = await queryOne<InvitationRow & { organization_id: string; name: string }>(
    client,
    {
      name: lock ? 'lock_invitation' : 'find_invitation',
      text: `select ${COLUMNS}, i.organization_id, o.name from invitations i join organizations o on o.id = i.organization_id
             where i.token_hash = $1 ${lock ? 'for no key update of i' : ''}`,
    },
    [hashOf(token)],
  )
  if (!row) return null
  return { ...toInvitation(row), organization: { id: idOf('organization', row.organization_id), name: row.name } }
}

export async function noteAccepted(client: Client, invitationId: string): Promise<void> {
  await query(
    client,
    { name: 'accept_invitation', text: 'update invitations set accepted_at = clock_timestamp() where id = $1' },
    [uuid('invitation', invitationId)],
  )
}
