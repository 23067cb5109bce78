import { queryOptions } from '@tanstack/react-query'
import type { InvitationSeen, Me } from './objects.ts'
import { request } from './request.ts'

/** What an invitation is to, by the token of its link. */
export function invitationQuery(token: string) {
  return queryOptions({
    queryKey: ['invitation', token],
    queryFn: ({ signal }) =>
      request<InvitationSeen>('/admin/v1/invitations/read', {
        method: 'POST',
        body: { token },
        anonymous: true,
        signal,
      }),
    retry: false,
  })
}

export function acceptInvitation(body: { token: string; name?: string; password: string }): Promise<Me> {
  return request('/admin/v1/invitations/accept', { method: 'POST', body, anonymous: true })
}
