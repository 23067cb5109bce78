import { Type } from 'typebox'
import type { AdminRoute } from './adminRoute.ts'
import { AttemptDetail, Mark, SessionDetail, SessionRow } from './adminObjects.ts'
import { EndUser, Item, LIST, Run, RunStatus, Space, Time, closed, id, page } from './objects.ts'

const ofSession = closed({ sessionId: id('session') })
const ofEndUser = closed({ endUserId: id('endUser') })
const Name = Type.String({ minLength: 1, maxLength: 100 })
const Cursor = Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }))

/** What a list of sessions is narrowed by. */
const FILTERS = {
  agent: Type.Optional(Type.String({ minLength: 1, maxLength: 63 })),
  version: Type.Optional(Type.String({ minLength: 1, maxLength: 50 })),
  space: Type.Optional(Space),
  /** Of the session's last run. */
  status: Type.Optional(RunStatus),
  endUserId: Type.Optional(id('endUser')),
  /** Made since, and before. */
  from: Type.Optional(Time),
  to: Type.Optional(Time),
  starred: Type.Optional(Type.Boolean()),
  unread: Type.Optional(Type.Boolean()),
  /** With threads that nobody has resolved. */
  commented: Type.Optional(Type.Boolean()),
  /** Sessions with a score of this name; `scoreValue` as JSON, compared as `scoreIs` says: `eq` unless given. */
  score: Type.Optional(Name),
  scoreIs: Type.Optional(Type.Enum(['eq', 'ne', 'lt', 'lte', 'gt', 'gte'])),
  scoreValue: Type.Optional(Type.String({ minLength: 1, maxLength: 1_000 })),
}

const METADATA = { '^metadata\\.[^.]{1,100}$': { type: 'string' } }

/** Reading conversations. */
export const adminSessionRoutes = {
  listSessions: {
    method: 'get',
    path: '/admin/v1/sessions',
    summary: 'Sessions in the order of their making, the newest first; `metadata.<key>=value` filters by metadata',
    query: Type.Object({ ...LIST, ...FILTERS }, { additionalProperties: false, patternProperties: METADATA }),
    responses: { 200: page(SessionRow) },
  },
  countSessions: {
    method: 'get',
    path: '/admin/v1/sessions/count',
    summary: 'How many sessions a list would have; `capped`: that many or more',
    query: Type.Object(FILTERS, { additionalProperties: false, patternProperties: METADATA }),
    responses: { 200: closed({ count: Type.Integer({ minimum: 0 }), capped: Type.Boolean() }) },
  },
  readSession: {
    method: 'get',
    path: '/admin/v1/sessions/{sessionId}',
    summary: 'A session with its newest items and their runs, as of one instant (`session.lastSeq`)',
    params: ofSession,
    responses: { 200: SessionDetail },
  },
  streamSession: {
    method: 'get',
    path: '/admin/v1/sessions/{sessionId}/events',
    summary:
      'A session’s events after a cursor, then live. With `discussion`, what changes after that place comes as events `comment` and `score`',
    params: ofSession,
    query: closed({ after: Cursor, discussion: Cursor, organizationId: Type.Optional(id('organization')) }),
    responses: {},
    // The frames named `comment` and `score` have no id; their data are a Comment and a ScoreChange.
    stream: Type.Object({}),
  },
  listItems: {
    method: 'get',
    path: '/admin/v1/sessions/{sessionId}/items',
    summary: 'Items of settled turns in the order of the conversation',
    params: ofSession,
    query: closed(LIST),
    responses: { 200: page(Item) },
  },
  listRuns: {
    method: 'get',
    path: '/admin/v1/sessions/{sessionId}/runs',
    summary: 'Runs of a session in order, with their attempts',
    params: ofSession,
    query: closed(LIST),
    responses: { 200: page(Run) },
  },
  markSession: {
    method: 'patch',
    path: '/admin/v1/sessions/{sessionId}/mark',
    summary: 'How far one has seen a session (it never goes back), whether it is starred, whether one follows it',
    params: ofSession,
    body: closed({
      seenSeq: Cursor,
      seenChange: Type.Optional(Type.Integer({ minimum: 0, maximum: 2_147_483_647 })),
      starred: Type.Optional(Type.Boolean()),
      following: Type.Optional(Type.Boolean()),
    }),
    responses: { 200: Mark },
  },
  markAllSeen: {
    method: 'post',
    path: '/admin/v1/sessions/seen',
    summary: 'All that there is now counts as seen by oneself',
    responses: { 204: null },
  },
  readAttempt: {
    method: 'get',
    path: '/admin/v1/runs/{runId}/attempts/{attempt}',
    summary: 'The exact request of an attempt, checked against its hash, and the response as it was kept',
    params: closed({ runId: id('run'), attempt: Type.String({ pattern: '^[1-9]\\d{0,5}$' }) }),
    responses: { 200: AttemptDetail },
  },
  listEndUsers: {
    method: 'get',
    path: '/admin/v1/end-users',
    summary: 'End users in the order of their coming, the newest first',
    query: closed({
      ...LIST,
      space: Type.Optional(Space),
      anonymous: Type.Optional(Type.Boolean()),
      /** The beginning of it. */
      externalId: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    }),
    responses: { 200: page(EndUser) },
  },
  readEndUser: {
    method: 'get',
    path: '/admin/v1/end-users/{endUserId}',
    summary: 'An end user; the sessions by `listSessions`',
    params: ofEndUser,
    responses: { 200: EndUser },
  },
  eraseEndUser: {
    method: 'delete',
    path: '/admin/v1/end-users/{endUserId}',
    summary: 'Erase an end user with all sessions',
    params: ofEndUser,
    responses: { 204: null },
  },
} as const satisfies Record<string, AdminRoute>
