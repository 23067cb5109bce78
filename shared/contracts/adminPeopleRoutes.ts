import { Type } from 'typebox'
import type { AdminRoute } from './adminRoute.ts'
import {
  ApiKeyInfo,
  AuditEntry,
  Email,
  Invitation,
  InvitationSeen,
  InvitationWithLink,
  Me,
  Member,
  NewPassword,
  OrganizationSettings,
  Password,
  PersonName,
  RoleName,
} from './adminObjects.ts'
import { LIST, Time, closed, id, page } from './objects.ts'

const Token = Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' })
const ofMember = closed({ memberId: id('member') })
const Origin = Type.String({ pattern: '^https?://[^/\\s?#@]{1,253}$' })

/** Logging in, and who may do what in an organization. */
export const adminPeopleRoutes = {
  login: {
    method: 'post',
    path: '/admin/v1/login',
    summary: 'Log in with e-mail and password: sets the cookie',
    body: closed({ email: Type.String({ minLength: 1, maxLength: 254 }), password: Password }),
    responses: { 200: Me },
  },
  logout: { method: 'post', path: '/admin/v1/logout', summary: 'End this login', responses: { 204: null } },
  readMe: { method: 'get', path: '/admin/v1/me', summary: 'Who is logged in, and where', responses: { 200: Me } },
  changeMe: {
    method: 'patch',
    path: '/admin/v1/me',
    summary: 'Change one’s name',
    body: closed({ name: PersonName }),
    responses: { 200: Me },
  },
  changePassword: {
    method: 'post',
    path: '/admin/v1/me/password',
    summary: 'Change one’s password: all other logins of this person end',
    body: closed({ password: Password, newPassword: NewPassword }),
    responses: { 204: null },
  },
  leaveOrganization: {
    method: 'post',
    path: '/admin/v1/me/leave',
    summary: 'Leave the organization; the last owner can’t',
    responses: { 204: null },
  },
  readInvitation: {
    method: 'post',
    path: '/admin/v1/invitations/read',
    summary: 'What an invitation is to, by the token of its link',
    body: closed({ token: Token }),
    responses: { 200: InvitationSeen },
  },
  acceptInvitation: {
    method: 'post',
    path: '/admin/v1/invitations/accept',
    summary: 'Join by an invitation, and log in: somebody new gives name and new password, somebody known the password',
    body: closed({ token: Token, name: Type.Optional(PersonName), password: Password }),
    responses: { 200: Me },
  },

  readOrganization: {
    method: 'get',
    path: '/admin/v1/organization',
    summary: 'The organization and its settings',
    responses: { 200: OrganizationSettings },
  },
  changeOrganization: {
    method: 'patch',
    path: '/admin/v1/organization',
    summary: 'Change the organization’s name, and which web pages may call the Client API',
    body: closed({
      name: Type.Optional(PersonName),
      allowedOrigins: Type.Optional(Type.Array(Origin, { maxItems: 100 })),
    }),
    responses: { 200: OrganizationSettings },
  },
  listMembers: {
    method: 'get',
    path: '/admin/v1/members',
    summary: 'Members in the order of their joining',
    query: closed({ ...LIST, removed: Type.Optional(Type.Boolean()) }),
    responses: { 200: page(Member) },
  },
  changeMember: {
    method: 'patch',
    path: '/admin/v1/members/{memberId}',
    summary: 'Give a member another role; only owners make and unmake owners, the last one stays',
    params: ofMember,
    body: closed({ role: RoleName }),
    responses: { 200: Member },
  },
  removeMember: {
    method: 'delete',
    path: '/admin/v1/members/{memberId}',
    summary: 'Remove a member: he is cut off at once, what he has written stays',
    params: ofMember,
    responses: { 204: null },
  },
  listInvitations: {
    method: 'get',
    path: '/admin/v1/invitations',
    summary: 'Invitations, the newest first',
    query: closed(LIST),
    responses: { 200: page(Invitation) },
  },
  createInvitation: {
    method: 'post',
    path: '/admin/v1/invitations',
    summary: 'Invite somebody: the link is shown here only, and mailed where SMTP is set up',
    body: closed({ email: Email, role: RoleName }),
    responses: { 201: InvitationWithLink },
  },
  revokeInvitation: {
    method: 'delete',
    path: '/admin/v1/invitations/{invitationId}',
    summary: 'Take an invitation back',
    params: closed({ invitationId: id('invitation') }),
    responses: { 204: null },
  },
  listApiKeys: {
    method: 'get',
    path: '/admin/v1/api-keys',
    summary: 'API keys, the newest first',
    query: closed(LIST),
    responses: { 200: page(ApiKeyInfo) },
  },
  createApiKey: {
    method: 'post',
    path: '/admin/v1/api-keys',
    summary: 'A new API key; it is shown here only',
    body: closed({ kind: Type.Enum(['secret', 'publishable']), name: PersonName }),
    responses: { 201: closed({ ...ApiKeyInfo.properties, key: Type.String() }) },
  },
  revokeApiKey: {
    method: 'delete',
    path: '/admin/v1/api-keys/{keyId}',
    summary: 'Revoke an API key: what was begun with it is cut',
    params: closed({ keyId: id('apiKey') }),
    responses: { 204: null },
  },
  listAuditLog: {
    method: 'get',
    path: '/admin/v1/audit-log',
    summary: 'Who has changed what, the newest first',
    query: closed({
      ...LIST,
      by: Type.Optional(id('member')),
      action: Type.Optional(Type.String({ pattern: '^[a-zA-Z]{1,40}(\\.[a-zA-Z]{1,40})?$' })),
      target: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
      from: Type.Optional(Time),
      to: Type.Optional(Time),
    }),
    responses: { 200: page(AuditEntry) },
  },
} as const satisfies Record<string, AdminRoute>
