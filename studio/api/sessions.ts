import { type QueryClient, infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { type SessionsView, viewQuery } from '../pages/sessions/sessionsView.ts'
import type { Item, Run } from '@shared/domain/objects'
import type { AttemptDetail, Mark, Page, SessionDetail, SessionRow } from './objects.ts'
import { request } from './request.ts'

/** A screen shows some thirty rows; two pages are there before anybody has scrolled to them. */
const PAGE = 100
const PAGES_READ_ANEW = 3

export function sessionsQuery(view: SessionsView) {
  const query = viewQuery(view)
  return infiniteQueryOptions({
    queryKey: ['sessions', 'list', query],
    queryFn: ({ pageParam, signal }) =>
      request<Page<SessionRow>>('/admin/v1/sessions', { query: { ...query, limit: PAGE, cursor: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    refetchOnWindowFocus: false,
    // Pages are read one after the other: a list that was scrolled far is shown as it was.
    refetchOnMount: (query) => (query.state.data?.pages.length ?? 0) <= PAGES_READ_ANEW,
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

export function readSession(sessionId: string, signal?: AbortSignal): Promise<SessionDetail> {
  return request<SessionDetail>(`/admin/v1/sessions/${sessionId}`, { ...(signal && { signal }) })
}

export function sessionQuery(sessionId: string) {
  return queryOptions({
    queryKey: ['sessions', 'one', sessionId],
    queryFn: ({ signal }) => readSession(sessionId, signal),
  })
}

/** Stars, follows, or notes how far one has read. */
export function setMark(sessionId: string, change: Partial<Mark>): Promise<Mark> {
  return request<Mark>(`/admin/v1/sessions/${sessionId}/mark`, { method: 'PATCH', body: change })
}

/** Shows a changed mark in every list that holds the session, before the server has answered. */
export function showMark(client: QueryClient, sessionId: string, change: Partial<Mark>): void {
  const marked = <Of extends { mark: Mark }>(of: Of): Of => ({ ...of, mark: { ...of.mark, ...change } })
  const seen = (row: SessionRow): SessionRow => {
    const isSeen = row.mark.seenSeq >= row.lastSeq && row.mark.seenChange >= row.lastChange
    return { ...row, unread: row.unread && !isSeen }
  }
  client.setQueriesData<{ pages: Page<SessionRow>[]; pageParams: unknown[] }>(
    { queryKey: ['sessions', 'list'] },
    (lists) =>
      lists && {
        ...lists,
        pages: lists.pages.map((page) => ({
          ...page,
          data: page.data.map((row) => (row.id === sessionId ? seen(marked(row)) : row)),
        })),
      },
  )
  client.setQueryData<SessionDetail>(sessionQuery(sessionId).queryKey, (detail) => detail && marked(detail))
}

/** Forgets all but the first page, so that reading the list anew begins at its head. */
export function keepFirstPage(client: QueryClient, view: SessionsView): void {
  client.setQueryData(sessionsQuery(view).queryKey, (list) => {
    return list && { pages: list.pages.slice(0, 1), pageParams: list.pageParams.slice(0, 1) }
  })
}

/** How many sessions a view has, up to a cap. */
export function countQuery(view: SessionsView) {
  const { order: _order, ...query } = viewQuery(view)
  return queryOptions({
    queryKey: ['sessions', 'count', query],
    queryFn: ({ signal }) => request<{ count: number; capped: boolean }>('/admin/v1/sessions/count', { query, signal }),
  })
}

/** All that there is now counts as seen by oneself. */
export function markAllSeen(): Promise<void> {
  return request('/admin/v1/sessions/seen', { method: 'POST' })
}

/** The exact request of an attempt, and the response as it was kept. */
export function attemptQuery(runId: string, attempt: number) {
  return queryOptions({
    queryKey: ['runs', runId, 'attempts', attempt],
    queryFn: ({ signal }) => request<AttemptDetail>(`/admin/v1/runs/${runId}/attempts/${attempt}`, { signal }),
  })
}

/** Items and runs before those that a session is opened with, the newest first. */
export function earlierQuery(sessionId: string) {
  return infiniteQueryOptions({
    queryKey: ['sessions', 'earlier', sessionId],
    queryFn: async ({ pageParam: { items, runs }, signal }) => {
      const list = <Row>(what: string, cursor: string | null | undefined) =>
        cursor === undefined
          ? { data: [] as Row[], nextCursor: undefined }
          : request<Page<Row>>(`/admin/v1/sessions/${sessionId}/${what}`, {
              query: { order: 'desc', limit: 200, cursor },
              signal,
            })
      const [itemPage, runPage] = await Promise.all([list<Item>('items', items), list<Run>('runs', runs)])
      return { items: itemPage, runs: runPage }
    },
    initialPageParam: { items: null, runs: null } as { items?: string | null; runs?: string | null },
    // Null begins, absent has ended.
    getNextPageParam: ({ items, runs }) => {
      if (!items.nextCursor) return null
      return { items: items.nextCursor, ...(runs.nextCursor && { runs: runs.nextCursor }) }
    },
    staleTime: Infinity,
  })
}
