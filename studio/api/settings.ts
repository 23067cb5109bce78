import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type {
  ApiKeyInfo,
  AuditEntry,
  Invitation,
  InvitationWithLink,
  Member,
  OrganizationSettings,
  Page,
  Role,
} from './objects.ts'
import { request } from './request.ts'

const list = { limit: 200 }

export const organizationQuery = queryOptions({
  queryKey: ['organization'],
  queryFn: ({ signal }) => request<OrganizationSettings>('/admin/v1/organization', { signal }),
})

export function changeOrganization(change: {
  name?: string
  allowedOrigins?: string[]
}): Promise<OrganizationSettings> {
  return request('/admin/v1/organization', { method: 'PATCH', body: change })
}

export function changeMember(id: string, role: Role): Promise<Member> {
  return request(`/admin/v1/members/${id}`, { method: 'PATCH', body: { role } })
}

export function removeMember(id: string): Promise<void> {
  return request(`/admin/v1/members/${id}`, { method: 'DELETE' })
}

export const invitationsQuery = queryOptions({
  queryKey: ['invitations'],
  queryFn: ({ signal }) => request<Page<Invitation>>('/admin/v1/invitations', { query: list, signal }),
})

export function createInvitation(invitation: { email: string; role: Role }): Promise<InvitationWithLink> {
  return request('/admin/v1/invitations', { method: 'POST', body: invitation })
}

export function revokeInvitation(id: string): Promise<void> {
  return request(`/admin/v1/invitations/${id}`, { method: 'DELETE' })
}

export const apiKeysQuery = queryOptions({
  queryKey: ['apiKeys'],
  queryFn: ({ signal }) => request<Page<ApiKeyInfo>>('/admin/v1/api-keys', { query: list, signal }),
})

export function createApiKey(key: { kind: ApiKeyInfo['kind']; name: string }): Promise<ApiKeyInfo & { key: string }> {
  return request('/admin/v1/api-keys', { method: 'POST', body: key })
}

export function revokeApiKey(id: string): Promise<void> {
  return request(`/admin/v1/api-keys/${id}`, { method: 'DELETE' })
}

export function auditQuery(action: string) {
  return infiniteQueryOptions({
    queryKey: ['audit', action],
    queryFn: ({ pageParam, signal }) =>
      request<Page<AuditEntry>>('/admin/v1/audit-log', { query: { limit: 100, cursor: pageParam, action }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
  })
}

export function changeName(name: string): Promise<unknown> {
  return request('/admin/v1/me', { method: 'PATCH', body: { name } })
}

export function changePassword(passwords: { password: string; newPassword: string }): Promise<void> {
  return request('/admin/v1/me/password', { method: 'POST', body: passwords })
}
