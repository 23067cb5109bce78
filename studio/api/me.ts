import { queryOptions } from '@tanstack/react-query'
import type { Me } from './objects.ts'
import { request, setIdentity } from './request.ts'

const KEY = 'agentview.studio.organization'

/** Who is logged in; a 401 means nobody. */
export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: async ({ signal }) => {
    const me = await readMe(signal)
    setIdentity({ csrfToken: me.csrfToken, organizationId: me.organization?.id ?? null })
    return me
  },
  staleTime: 60_000,
})

/** In the organization that was chosen last, as far as the person is still a member of it. */
async function readMe(signal: AbortSignal): Promise<Me> {
  const chosen = localStorage.getItem(KEY)
  const read = (organizationId: string | null) =>
    request<Me>('/admin/v1/me', { signal, anonymous: true, ...(organizationId && { organizationId }) })
  const me = await read(null)
  if (!chosen || chosen === me.organization?.id) return me
  return me.organizations.some(({ id }) => id === chosen) ? read(chosen) : me
}

/** From the next start of the page on. */
export function chooseOrganization(id: string): void {
  localStorage.setItem(KEY, id)
}

export function logIn(credentials: { email: string; password: string }): Promise<unknown> {
  return request('/admin/v1/login', { method: 'POST', body: credentials, anonymous: true })
}

export async function logOut(): Promise<void> {
  await request('/admin/v1/logout', { method: 'POST', anonymous: true })
  setIdentity(null)
}
