import { type Role, isAtLeast } from '@shared/domain/roles'
import type { AdminRouteName } from './adminApi.ts'

/**
 * What a route asks of its caller: `anyone`; `person`: somebody who is logged in; or a member of at least this role.
 */
export type Rule = 'anyone' | 'person' | Role

/**
 * Who may call which route of the Admin API. This is the one table: the server enforces it, Studio shows what it allows, and
 * docs/admin-api.md prints it. API keys and end users' tokens may call none of them.
 */
export const adminAccess = {
  login: 'anyone',
  readInvitation: 'anyone',
  acceptInvitation: 'anyone',
  logout: 'person',
  readMe: 'person',
  changeMe: 'person',
  changePassword: 'person',
  leaveOrganization: 'viewer',

  readOrganization: 'viewer',
  changeOrganization: 'admin',
  listMembers: 'viewer',
  changeMember: 'admin',
  removeMember: 'admin',
  listInvitations: 'admin',
  createInvitation: 'admin',
  revokeInvitation: 'admin',
  listApiKeys: 'admin',
  createApiKey: 'admin',
  revokeApiKey: 'admin',
  listAuditLog: 'admin',

  listSessions: 'viewer',
  countSessions: 'viewer',
  readSession: 'viewer',
  streamSession: 'viewer',
  listItems: 'viewer',
  listRuns: 'viewer',
  markSession: 'viewer',
  markAllSeen: 'viewer',
  readAttempt: 'viewer',
  listEndUsers: 'viewer',
  readEndUser: 'viewer',
  eraseEndUser: 'admin',

  listAgents: 'viewer',
  readAgent: 'viewer',
  listVersions: 'viewer',
  readVersion: 'viewer',
  diffVersions: 'viewer',
  activateVersion: 'admin',

  listComments: 'viewer',
  createComment: 'reviewer',
  editComment: 'reviewer',
  deleteComment: 'reviewer',
  resolveComment: 'reviewer',
  listRevisions: 'viewer',
  listInbox: 'viewer',
  countInbox: 'viewer',
  streamInbox: 'viewer',
  listScores: 'viewer',
  setScore: 'reviewer',
  removeScore: 'reviewer',
  listScoreHistory: 'viewer',
} as const satisfies Record<AdminRouteName, Rule>

/** Whether somebody of a role (null: logged in, but no member) may call a route. For Studio: a button that would be refused isn't shown. */
export function mayCall(role: Role | null, route: AdminRouteName): boolean {
  const rule: Rule = adminAccess[route]
  if (rule === 'anyone' || rule === 'person') return true
  return role !== null && isAtLeast(role, rule)
}
