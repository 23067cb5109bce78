import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { InboxEntry, Page } from './objects.ts'
import { request } from './request.ts'

/** How many comments that concern the reader are unread. */
export const unreadQuery = queryOptions({
  queryKey: ['inbox', 'count'],
  queryFn: ({ signal }) => request<{ unread: number; capped: boolean }>('/admin/v1/inbox/count', { signal }),
  // The stream tells of changes; this is for when it is away.
  refetchInterval: 60_000,
})

export function inboxQuery(unreadOnly: boolean) {
  return infiniteQueryOptions({
    queryKey: ['inbox', 'list', unreadOnly],
    queryFn: ({ pageParam, signal }) =>
      request<Page<InboxEntry>>('/admin/v1/inbox', {
        query: { limit: 50, cursor: pageParam, ...(unreadOnly && { unread: true }) },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
  })
}
