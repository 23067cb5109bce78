/** What a member may do, the most first: each role may do all that those after it may. */
export const ROLES = ['owner', 'admin', 'reviewer', 'viewer'] as const
export type Role = (typeof ROLES)[number]

/** Whether a role may do what at least another one is needed for. */
export function isAtLeast(role: Role, least: Role): boolean {
  return ROLES.indexOf(role) <= ROLES.indexOf(least)
}

/**
 * Whether a member of one role may give, change or take away another. Owners may all; admins all but what concerns owners:
 * else an admin could make himself one.
 */
export function mayGrant(by: Role, ...concerned: Role[]): boolean {
  return by === 'owner' || (by === 'admin' && !concerned.includes('owner'))
}
