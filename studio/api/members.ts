import { queryOptions } from '@tanstack/react-query'
import type { Member, Page } from './objects.ts'
import { request } from './request.ts'

/** Members, also those who are no longer: they have written comments. An organization has at most a few hundred. */
export const membersQuery = queryOptions({
  queryKey: ['members'],
  queryFn: async ({ signal }) => {
    const members: Member[] = []
    let cursor: string | null = null
    do {
      const query: Record<string, string | number | boolean | null> = { limit: 200, removed: true, cursor }
      const page: Page<Member> = await request('/admin/v1/members', { query, signal })
      members.push(...page.data)
      cursor = page.nextCursor
    } while (cursor && members.length < 2_000)
    return members
  },
  staleTime: 60_000,
})
