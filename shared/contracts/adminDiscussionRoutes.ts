import { Type } from 'typebox'
import { tunables } from '@shared/domain/tunables'
import type { AdminRoute } from './adminRoute.ts'
import { AdminScore, Comment, CommentRevision, InboxEntry, ScoreChange } from './adminObjects.ts'
import { AnyJson, LIST, closed, id, page } from './objects.ts'

const ofSession = closed({ sessionId: id('session') })
const ofComment = closed({ commentId: id('comment') })
const ofItem = closed({ itemId: id('item') })
const Body = Type.String({ minLength: 1, maxLength: tunables.admin.commentChars, pattern: '\\S' })
const Mentions = Type.Optional(Type.Array(id('member'), { maxItems: tunables.admin.mentions, uniqueItems: true }))
const Count = Type.Integer({ minimum: 0 })

/** What members say of conversations: comments, scores, and what of it concerns whom. */
export const adminDiscussionRoutes = {
  listComments: {
    method: 'get',
    path: '/admin/v1/sessions/{sessionId}/comments',
    summary: 'Comments by their last change: with `after`, what has changed since that place of the discussion',
    params: ofSession,
    query: closed({
      limit: LIST.limit,
      after: Type.Optional(Type.Integer({ minimum: 0, maximum: 2_147_483_647 })),
    }),
    /** `lastChange`: where to go on after. `more`: there is more after it. */
    responses: { 200: closed({ data: Type.Array(Comment), lastChange: Count, more: Type.Boolean() }) },
  },
  createComment: {
    method: 'post',
    path: '/admin/v1/sessions/{sessionId}/comments',
    summary: 'A comment on a session, on one of its items (`itemId`), or a reply (`threadId`)',
    params: ofSession,
    body: closed({
      body: Body,
      itemId: Type.Optional(id('item')),
      threadId: Type.Optional(id('comment')),
      mentions: Mentions,
    }),
    responses: { 201: Comment },
  },
  editComment: {
    method: 'patch',
    path: '/admin/v1/comments/{commentId}',
    summary: 'Change one’s own comment; what it was is kept',
    params: ofComment,
    body: closed({ body: Body, mentions: Mentions }),
    responses: { 200: Comment },
  },
  deleteComment: {
    method: 'delete',
    path: '/admin/v1/comments/{commentId}',
    summary: 'Delete one’s own comment, or as an admin any: its place stays, its text and history go',
    params: ofComment,
    responses: { 204: null },
  },
  resolveComment: {
    method: 'post',
    path: '/admin/v1/comments/{commentId}/resolve',
    summary: 'Resolve a thread by the comment that began it, or open it again',
    params: ofComment,
    body: closed({ resolved: Type.Boolean() }),
    responses: { 200: Comment },
  },
  listRevisions: {
    method: 'get',
    path: '/admin/v1/comments/{commentId}/revisions',
    summary: 'What a comment was before it was changed, the newest first',
    params: ofComment,
    responses: { 200: closed({ data: Type.Array(CommentRevision) }) },
  },
  listInbox: {
    method: 'get',
    path: '/admin/v1/inbox',
    summary: 'Comments that concern oneself, the newest first: mentions, replies, what one follows',
    query: closed({ limit: LIST.limit, cursor: LIST.cursor, unread: Type.Optional(Type.Boolean()) }),
    responses: { 200: page(InboxEntry) },
  },
  countInbox: {
    method: 'get',
    path: '/admin/v1/inbox/count',
    summary: 'How many of them are unread; `capped`: that many or more',
    responses: { 200: closed({ unread: Count, capped: Type.Boolean() }) },
  },
  streamInbox: {
    method: 'get',
    path: '/admin/v1/inbox/events',
    summary: 'The same live: an event `inbox` whenever somebody has changed something in a discussion',
    query: closed({ organizationId: Type.Optional(id('organization')) }),
    responses: {},
    // The data of a frame are those of countInbox.
    stream: Type.Object({}),
  },
  listScores: {
    method: 'get',
    path: '/admin/v1/sessions/{sessionId}/scores',
    summary: 'All scores of a session’s items, by whomever',
    params: ofSession,
    query: closed(LIST),
    responses: { 200: page(AdminScore) },
  },
  setScore: {
    method: 'post',
    path: '/admin/v1/items/{itemId}/scores',
    summary:
      'Score an item: 201, or 200 when it replaces one’s own. The value must fit what the agent version says of this score',
    params: ofItem,
    body: closed({
      name: Type.String({ minLength: 1, maxLength: 100 }),
      value: AnyJson,
      comment: Type.Optional(Type.String({ minLength: 1, maxLength: 5_000 })),
    }),
    responses: { 200: AdminScore, 201: AdminScore },
  },
  removeScore: {
    method: 'delete',
    path: '/admin/v1/items/{itemId}/scores/{name}',
    summary: 'Take one’s own score away',
    params: closed({ itemId: id('item'), name: Type.String({ minLength: 1, maxLength: 100 }) }),
    responses: { 204: null },
  },
  listScoreHistory: {
    method: 'get',
    path: '/admin/v1/items/{itemId}/scores/history',
    summary: 'What members have scored an item, in order',
    params: ofItem,
    query: closed({ limit: LIST.limit }),
    responses: { 200: closed({ data: Type.Array(ScoreChange) }) },
  },
} as const satisfies Record<string, AdminRoute>
