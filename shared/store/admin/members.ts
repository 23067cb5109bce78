import type { Member } from '@shared/contracts/adminObjects'
import { idOf, newId } from '@shared/domain/ids'
import { type Role, mayGrant } from '@shared/domain/roles'
import { query, queryOne } from '../query.ts'
import { iso, uuid } from '../render.ts'
import { type Page, START, beyond } from '../sessions.ts'
import type { Changed, Client } from './audit.ts'

/** What somebody is in one organization. */
export interface Membership {
  memberId: string
  role: Role
  organization: { id: string; name: string }
}

/** All organizations that a user is a member of, the first joined first. */
export async function listMemberships(db: Client, userId: string): Promise<Membership[]> {
  const rows = await query<{ id: string; role: Role; organization_id: string; name: string }>(
    db,
    {
      name: 'list_memberships',
      text: `select m.id, m.role, m.organization_id, o.name from members m join organizations o on o.id = m.organization_id
             where m.user_id = $1 and m.removed_at is null order by m.created_at, m.id`,
    },
    [uuid('user', userId)],
  )
  return rows.map((row) => ({
    memberId: idOf('member', row.id),
    role: row.role,
    organization: { id: idOf('organization', row.organization_id), name: row.name },
  }))
}

interface MemberRow {
  id: string
  user_id: string
  name: string
  email: string
  role: Role
  created_at: Date
  removed_at: Date | null
}

const SELECT = `select m.id, m.user_id, u.name, u.email, m.role, m.created_at, m.removed_at
  from members m join users u on u.id = m.user_id`

function toMember(row: MemberRow): Member {
  return {
    id: idOf('member', row.id),
    name: row.name,
    email: row.email,
    role: row.role,
    ...(row.removed_at && { removed: true as const }),
    createdAt: iso(row.created_at),
  }
}

/** Members by their ids, which follow the order of their first joining. `removed`: those who were as well. */
export async function listMembers(
  db: Client,
  organizationId: string,
  { after, removed, limit, order }: Page & { after: string | null; removed: boolean },
): Promise<Member[]> {
  const rows = await query<MemberRow>(
    db,
    {
      name: `list_members_${order}`,
      text: `${SELECT} where m.organization_id = $1 and m.id ${beyond(order)} $2::uuid
             and ($3 or m.removed_at is null) order by m.id ${order} limit $4`,
    },
    [uuid('organization', organizationId), after ? uuid('member', after) : START[order].id, removed, limit],
  )
  return rows.map(toMember)
}

/** Makes a user a member, or one again who was. `already`: he is one. */
export async function addMember(
  client: Client,
  organizationId: string,
  userId: string,
  role: Role,
): Promise<{ memberId: string } | 'already'> {
  const row = await queryOne<{ id: string }>(
    client,
    {
      name: 'add_member',
      text: `insert into members (id, organization_id, user_id, role) values ($1, $2, $3, $4)
             on conflict (organization_id, user_id) do update set role = excluded.role, removed_at = null,
               caught_up_at = clock_timestamp() where members.removed_at is not null
             returning id`,
    },
    [uuid('member', newId('member')), uuid('organization', organizationId), uuid('user', userId), role],
  )
  return row ? { memberId: idOf('member', row.id) } : 'already'
}

/** The members among these ids who are there; others, and those of other organizations, are missing. */
export async function areMembers(db: Client, organizationId: string, memberIds: readonly string[]): Promise<string[]> {
  const rows = await query<{ id: string }>(
    db,
    {
      name: 'are_members',
      text: 'select id from members where organization_id = $1 and id = any ($2::uuid[]) and removed_at is null',
    },
    [uuid('organization', organizationId), memberIds.map((id) => uuid('member', id))],
  )
  return rows.map(({ id }) => idOf('member', id))
}

/** `forbidden`: the role of whoever asks doesn't allow it. `last_owner`: there would be nobody left. */
export type MemberOutcome = Member | 'absent' | 'forbidden' | 'last_owner'

/** Gives a member another role. */
export async function changeRole(
  client: Client,
  organizationId: string,
  by: Role,
  memberId: string,
  role: Role,
): Promise<Changed<MemberOutcome>> {
  const before = await lockMember(client, organizationId, memberId)
  if (!before) return { result: 'absent', note: null }
  if (!mayGrant(by, before.role, role)) return { result: 'forbidden', note: null }
  if (role !== 'owner' && (await isLastOwner(client, organizationId, before)))
    return { result: 'last_owner', note: null }
  if (before.role === role) return { result: toMember(before), note: null }
  await query(client, { name: 'change_role', text: 'update members set role = $2 where id = $1' }, [before.id, role])
  const details = { from: before.role, to: role, email: before.email }
  return { result: toMember({ ...before, role }), note: { action: 'member.change', target: memberId, details } }
}

/** Ends a membership; who asks may always end his own. */
export async function removeMember(
  client: Client,
  organizationId: string,
  by: { memberId: string; role: Role },
  memberId: string,
): Promise<Changed<MemberOutcome>> {
  const before = await lockMember(client, organizationId, memberId)
  if (!before) return { result: 'absent', note: null }
  const own = by.memberId === memberId
  if (!own && !mayGrant(by.role, before.role)) return { result: 'forbidden', note: null }
  if (await isLastOwner(client, organizationId, before)) return { result: 'last_owner', note: null }
  await query(
    client,
    { name: 'remove_member', text: 'update members set removed_at = clock_timestamp() where id = $1' },
    [before.id],
  )
  const action = own ? 'member.leave' : 'member.remove'
  const details = { role: before.role, email: before.email }
  return { result: toMember(before), note: { action, target: memberId, details } }
}

/** Changes of members of one organization come after each other, so that two owners can't both cease to be the last but one. */
async function lockMember(client: Client, organizationId: string, memberId: string): Promise<MemberRow | null> {
  const organization = uuid('organization', organizationId)
  await query(
    client,
    { name: 'lock_organization', text: 'select from organizations where id = $1 for no key update' },
    [organization],
  )
  return queryOne<MemberRow>(
    client,
    { name: 'lock_member', text: `${SELECT} where m.id = $1 and m.organization_id = $2 and m.removed_at is null` },
    [uuid('member', memberId), organization],
  )
}

async function isLastOwner(client: Client, organizationId: string, member: MemberRow): Promise<boolean> {
  if (member.role !== 'owner') return false
  const row = await queryOne<{ others: boolean }>(
    client,
    {
      name: 'has_other_owner',
      text: `select exists (select from members where organization_id = $1 and role = 'owner' and removed_at is null
             and id <> $2) as others`,
    },
    [uuid('organization', organizationId), member.id],
  )
  return !row?.others
}
