import { type QueryClient, queryOptions } from '@tanstack/react-query'
import type { AdminScore, Comment, CommentRevision, Page } from './objects.ts'
import { request } from './request.ts'
import type { Json } from '@shared/domain/json'

export const discussionKeys = {
  comments: (sessionId: string) => ['sessions', 'one', sessionId, 'comments'],
  scores: (sessionId: string) => ['sessions', 'one', sessionId, 'scores'],
}

/** All comments of a session; live changes are put in by `takeComment`. */
export function commentsQuery(sessionId: string) {
  return queryOptions({
    queryKey: discussionKeys.comments(sessionId),
    queryFn: async ({ signal }) => {
      const comments: Comment[] = []
      let after = 0
      for (;;) {
        const page = await request<{ data: Comment[]; lastChange: number; more: boolean }>(
          `/admin/v1/sessions/${sessionId}/comments`,
          { query: { after, limit: 200 }, signal },
        )
        comments.push(...page.data)
        after = page.lastChange
        if (!page.more) return comments
      }
    },
    // What the stream tells begins with the visit; what was kept from an earlier one may be older.
    staleTime: 0,
  })
}

/** Puts a new or changed comment in its place; an older state of one that is known changes nothing. */
export function takeComment(client: QueryClient, comment: Comment): void {
  const key = discussionKeys.comments(comment.sessionId)
  // A list that is being read may be older than this.
  if (!client.getQueryData(key)) return void client.invalidateQueries({ queryKey: key })
  client.setQueryData<Comment[]>(key, (comments) => {
    if (!comments) return comments
    const known = comments.find(({ id }) => id === comment.id)
    if (known && known.change >= comment.change) return comments
    return known ? comments.map((each) => (each.id === comment.id ? comment : each)) : [...comments, comment]
  })
}

export interface NewComment {
  body: string
  itemId?: string
  threadId?: string
  mentions?: string[]
}

export function createComment(sessionId: string, comment: NewComment): Promise<Comment> {
  return request(`/admin/v1/sessions/${sessionId}/comments`, { method: 'POST', body: comment })
}

export function editComment(commentId: string, change: { body: string; mentions: string[] }): Promise<Comment> {
  return request(`/admin/v1/comments/${commentId}`, { method: 'PATCH', body: change })
}

export function deleteComment(commentId: string): Promise<void> {
  return request(`/admin/v1/comments/${commentId}`, { method: 'DELETE' })
}

export function resolveComment(commentId: string, resolved: boolean): Promise<Comment> {
  return request(`/admin/v1/comments/${commentId}/resolve`, { method: 'POST', body: { resolved } })
}

/** What a comment was before it was changed, the newest first. */
export function revisionsQuery(commentId: string, change: number) {
  return queryOptions({
    queryKey: ['comments', commentId, 'revisions', change],
    queryFn: ({ signal }) =>
      request<{ data: CommentRevision[] }>(`/admin/v1/comments/${commentId}/revisions`, { signal }),
  })
}

export function scoresQuery(sessionId: string) {
  return queryOptions({
    queryKey: discussionKeys.scores(sessionId),
    queryFn: ({ signal }) =>
      request<Page<AdminScore>>(`/admin/v1/sessions/${sessionId}/scores`, { query: { limit: 200 }, signal }),
  })
}

export function setScore(itemId: string, score: { name: string; value: Json; comment?: string }): Promise<AdminScore> {
  return request(`/admin/v1/items/${itemId}/scores`, { method: 'POST', body: score })
}

export function removeScore(itemId: string, name: string): Promise<void> {
  return request(`/admin/v1/items/${itemId}/scores/${encodeURIComponent(name)}`, { method: 'DELETE' })
}
