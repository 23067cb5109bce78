import { createContext, useContext } from 'react'
import { mayCall } from '@shared/contracts/adminAccess'
import type { AdminRouteName } from '@shared/contracts/adminApi'
import type { Me, Role } from '../api/objects.ts'

/** Whoever is logged in and a member of an organization. */
export interface CurrentMember {
  id: string
  name: string
  email: string
  role: Role
  organization: { id: string; name: string }
  organizations: Me['organizations']
}

export const MemberContext = createContext<CurrentMember | null>(null)

/** Who is logged in. Only inside the gate. */
export function useMember(): CurrentMember {
  const member = useContext(MemberContext)
  if (!member) throw new Error('useMember is used outside of the gate.')
  return member
}

/** Null while the person belongs to no organization. */
export function memberOf({ user, member, organization, organizations }: Me): CurrentMember | null {
  if (!member || !organization) return null
  return { id: member.id, name: user.name, email: user.email, role: member.role, organization, organizations }
}

/** True when the member's role may call a route of the Admin API. What a role may not do, it is not offered. */
export function useMay(route: AdminRouteName): boolean {
  return mayCall(useMember().role, route)
}
