import { queryOptions } from '@tanstack/react-query'
import type { AdminAgent, Page, VersionDetail, VersionDiff, VersionRow } from './objects.ts'
import { request } from './request.ts'

const AGENTS = '/admin/v1/agents'

/** All agents: an organization has a few. */
export const agentsQuery = queryOptions({
  queryKey: ['agents', 'list'],
  queryFn: ({ signal }) => request<Page<AdminAgent>>(AGENTS, { query: { limit: 200, order: 'asc' }, signal }),
  staleTime: 60_000,
})

export function versionsQuery(name: string) {
  return queryOptions({
    queryKey: ['agents', name, 'versions'],
    queryFn: ({ signal }) =>
      request<Page<VersionRow>>(`${AGENTS}/${encodeURIComponent(name)}/versions`, { query: { limit: 200 }, signal }),
  })
}

export function versionQuery(name: string, version: string) {
  return queryOptions({
    queryKey: ['agents', name, 'version', version],
    queryFn: ({ signal }) =>
      request<VersionDetail>(`${AGENTS}/${encodeURIComponent(name)}/versions/${encodeURIComponent(version)}`, {
        signal,
      }),
    // A version never changes.
    staleTime: Infinity,
  })
}

export function diffQuery(name: string, from: string, to: string) {
  return queryOptions({
    queryKey: ['agents', name, 'diff', from, to],
    queryFn: ({ signal }) =>
      request<VersionDiff>(`${AGENTS}/${encodeURIComponent(name)}/diff`, { query: { from, to }, signal }),
    staleTime: Infinity,
  })
}

export function activateVersion(name: string, version: string): Promise<AdminAgent> {
  return request(`${AGENTS}/${encodeURIComponent(name)}/activate`, { method: 'POST', body: { version } })
}
