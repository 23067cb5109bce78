import { ROLES, type Role, mayGrant } from '@shared/domain/roles'

/** Roles that a member of one may give to others. */
export function grantable(by: Role): readonly Role[] {
  return ROLES.filter((role) => mayGrant(by, role))
}
