import { type QueryClient, infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { type SessionsView, viewQuery } from '../pages/sessions/sessionsView.ts'
import type { Mark, Page, SessionDetail, SessionRow } from './objects.ts'
import { request } from './request.ts'

/** A screen shows some thirty rows; two pages are there before anybody has scrolled to them. */
const PAGE = 100

export function sessionsQuery(view: SessionsView) {
  const query = viewQuery(view)
  return infiniteQueryOptions({
    queryKey: ['sessions', 'list', query],
    queryFn: ({ pageParam, signal }) =>
      request<Page<SessionRow>>('/admin/v1/sessions', { query: { ...query, limit: PAGE, cursor: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
  })
}

/** The newest row of a view, asked for again and again: tells that there is something new to see. */
export function newestQuery(view: SessionsView) {
  const query = viewQuery(view)
  return queryOptions({
    queryKey: ['sessions', 'newest', query],
    queryFn: ({ signal }) => request<Page<SessionRow>>('/admin/v1/sessions', { query: { ...query, limit: 1 }, signal }),
    refetchInterval: 10_000,
    staleTime: 0,
  })
}

export function sessionQuery(sessionId: string) {
  return queryOptions({
    queryKey: ['sessions', 'one', sessionId],
    queryFn: ({ signal }) => request<SessionDetail>(`/admin/v1/sessions/${sessionId}`, { signal }),
  })
}

/** Stars, follows, or notes how far one has read. */
export function setMark(sessionId: string, change: Partial<Mark>): Promise<Mark> {
  return request<Mark>(`/admin/v1/sessions/${sessionId}/mark`, { method: 'PATCH', body: change })
}

/** Shows a changed mark in every list that holds the session, before the server has answered. */
export function showMark(client: QueryClient, sessionId: string, change: Partial<Mark>): void {
  const marked = <Of extends { mark: Mark }>(of: Of): Of => ({ ...of, mark: { ...of.mark, ...change } })
  client.setQueriesData<{ pages: Page<SessionRow>[]; pageParams: unknown[] }>(
    { queryKey: ['sessions', 'list'] },
    (lists) =>
      lists && {
        ...lists,
        pages: lists.pages.map((page) => ({
          ...page,
          data: page.data.map((row) => (row.id === sessionId ? marked(row) : row)),
        })),
      },
  )
  client.setQueryData<SessionDetail>(sessionQuery(sessionId).queryKey, (detail) => detail && marked(detail))
}
