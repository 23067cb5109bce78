import { Type } from 'typebox'
import { tunables } from '@shared/domain/tunables'
import { Event } from './events.ts'
import { TokenGrant, endUserRoutes } from './endUserRoutes.ts'
import { memoryRoutes } from './memories.ts'
import {
  BatchEntry,
  BeginRun,
  BeginSession,
  CreateSession,
  GiveFeedback,
  PushRun,
  ResumeRun,
  SendMessage,
  UpdateSession,
} from './messages.ts'
import {
  AnyObject,
  ErrorAnswer,
  Item,
  LIST,
  Run,
  RunStatus,
  Score,
  Session,
  Space,
  closed,
  id,
  page,
} from './objects.ts'
import type { Route } from './route.ts'
import { webhookRoutes } from './webhookRoutes.ts'

const Seq = Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }))

const AgentPublic = closed({
  name: Type.String(),
  title: Type.Optional(Type.String()),
  version: Type.String(),
  runs: Type.Array(closed({ type: Type.String(), input: Type.Optional(AnyObject) })),
})

const Acceptance = { run: Run, item: Item, seq: Type.Integer({ minimum: 1 }) }
/** What a waiting call is answered once the run has ended or paused. */
const Waited = { run: Run, items: Type.Array(Item), item: Item, seq: Type.Integer({ minimum: 1 }) }

/** Of each message of a batch, in its place. */
const BatchResult = Type.Union([
  closed({
    status: Type.Literal(202),
    ...Acceptance,
    session: Type.Optional(Session),
    replayed: Type.Optional(Type.Literal(true)),
  }),
  closed({ status: Type.Integer({ minimum: 400, maximum: 599 }), ...ErrorAnswer.properties }),
])

const ofSession = closed({ sessionId: id('session') })
const ofRun = closed({ runId: id('run') })
const talkers = ['secret', 'endUser'] as const

/** Every route of the Client API. OpenAPI, validation, who may call, and the handlers' table all come from here. */
export const clientRoutes = {
  createAnonymousToken: {
    method: 'post',
    path: '/v1/auth/anonymous',
    summary: 'A new anonymous end user with a token and a refresh token',
    callers: ['publishable'],
    body: closed({ metadata: Type.Optional(AnyObject) }),
    responses: { 201: TokenGrant },
  },
  refreshToken: {
    method: 'post',
    path: '/v1/auth/refresh',
    summary: 'A new pair of tokens; a refresh token that is used twice revokes its whole family',
    callers: ['publishable'],
    body: closed({ refreshToken: Type.String({ minLength: 1, maxLength: 200 }) }),
    responses: { 200: TokenGrant },
  },
  listAgents: {
    method: 'get',
    path: '/v1/agents',
    summary: 'The active version of each agent, by name',
    callers: ['secret', 'publishable', 'endUser'],
    query: closed(LIST),
    responses: { 200: page(AgentPublic) },
  },
  readAgent: {
    method: 'get',
    path: '/v1/agents/{name}',
    summary: 'The active version of one agent',
    callers: ['secret', 'publishable', 'endUser'],
    params: closed({ name: Type.String({ minLength: 1, maxLength: 63 }) }),
    responses: { 200: AgentPublic },
  },
  createSession: {
    method: 'post',
    path: '/v1/sessions',
    summary: 'A new session',
    callers: talkers,
    body: CreateSession,
    idempotent: true,
    responses: { 201: Session },
  },
  listSessions: {
    method: 'get',
    path: '/v1/sessions',
    summary: 'Sessions in the order of their making; `metadata.<key>=value` filters by metadata',
    callers: talkers,
    query: Type.Object(
      {
        ...LIST,
        agent: Type.Optional(Type.String({ minLength: 1, maxLength: 63 })),
        endUserId: Type.Optional(id('endUser')),
        space: Type.Optional(Space),
        status: Type.Optional(RunStatus),
      },
      { additionalProperties: false, patternProperties: { '^metadata\\.[^.]{1,100}$': { type: 'string' } } },
    ),
    responses: { 200: page(Session) },
  },
  readSession: {
    method: 'get',
    path: '/v1/sessions/{sessionId}',
    summary: 'A session with its newest items, state, last run and last seq, as of one instant',
    callers: talkers,
    params: ofSession,
    query: closed({ include: Type.Optional(Type.Literal('runs')) }),
    responses: { 200: Session },
  },
  updateSession: {
    method: 'patch',
    path: '/v1/sessions/{sessionId}',
    summary: 'Merge metadata into a session’s (a null takes its key away), set its title',
    callers: talkers,
    params: ofSession,
    body: UpdateSession,
    responses: { 200: Session },
  },
  deleteSession: {
    method: 'delete',
    path: '/v1/sessions/{sessionId}',
    summary: 'Delete a session: its run is broken off, its readers are cut, and it is absent from then on',
    callers: talkers,
    params: ofSession,
    responses: { 204: null },
  },
  listItems: {
    method: 'get',
    path: '/v1/sessions/{sessionId}/items',
    summary: 'Items of settled turns in the order of the conversation',
    callers: talkers,
    params: ofSession,
    query: closed(LIST),
    responses: { 200: page(Item) },
  },
  listRuns: {
    method: 'get',
    path: '/v1/sessions/{sessionId}/runs',
    summary: 'Runs of a session in order',
    callers: talkers,
    params: ofSession,
    query: closed(LIST),
    responses: { 200: page(Run) },
  },
  sendMessage: {
    method: 'post',
    path: '/v1/sessions/{sessionId}/messages',
    summary:
      'Send a message: 202 at once, 200 after `Prefer: wait=<s>`, or the run’s events with `Accept: text/event-stream`',
    callers: talkers,
    params: ofSession,
    body: SendMessage,
    idempotent: true,
    responses: { 200: closed(Waited), 202: closed(Acceptance) },
    stream: Event,
  },
  beginSession: {
    method: 'post',
    path: '/v1/messages',
    summary: 'A new session and its first message at once',
    callers: talkers,
    body: BeginSession,
    idempotent: true,
    responses: { 200: closed({ ...Waited, session: Session }), 202: closed({ ...Acceptance, session: Session }) },
    stream: Event,
  },
  sendBatch: {
    method: 'post',
    path: '/v1/messages/batch',
    summary: 'Up to 100 messages, to sessions or as the first of new ones; each is answered in its place',
    callers: talkers,
    body: closed({ messages: Type.Array(BatchEntry, { minItems: 1, maxItems: tunables.batchMessages }) }),
    counted: 'messages',
    responses: { 200: closed({ results: Type.Array(BatchResult) }) },
  },
  giveFeedback: {
    method: 'post',
    path: '/v1/items/{itemId}/feedback',
    summary: 'What one thinks of an item: becomes a score; again replaces it (200)',
    callers: talkers,
    params: closed({ itemId: id('item') }),
    body: GiveFeedback,
    idempotent: true,
    responses: { 200: Score, 201: Score },
  },
  streamSession: {
    method: 'get',
    path: '/v1/sessions/{sessionId}/events',
    summary: 'A session’s events after a cursor (`after` or Last-Event-ID), then live',
    callers: talkers,
    params: ofSession,
    query: closed({ after: Seq }),
    responses: {},
    stream: Event,
  },
  streamRun: {
    method: 'get',
    path: '/v1/runs/{runId}/events',
    summary: 'One run’s events after a cursor until it ends or pauses; each carries `prev`',
    callers: talkers,
    params: ofRun,
    query: closed({ after: Seq }),
    responses: {},
    stream: Event,
  },
  readRun: {
    method: 'get',
    path: '/v1/runs/{runId}',
    summary: 'A run with its attempts and their timing',
    callers: talkers,
    params: ofRun,
    responses: { 200: Run },
  },
  cancelRun: {
    method: 'post',
    path: '/v1/runs/{runId}/cancel',
    summary: 'Cancel a run; one that had ended is answered as it is',
    callers: talkers,
    params: ofRun,
    responses: { 200: Run },
  },
  resumeRun: {
    method: 'post',
    path: '/v1/runs/{runId}/resume',
    summary: 'Answer calls of a paused run; it goes on once all are answered. The same answers again change nothing',
    callers: talkers,
    params: ofRun,
    body: ResumeRun,
    responses: { 200: Run },
  },
  retryRun: {
    method: 'post',
    path: '/v1/runs/{runId}/retry',
    summary: 'The last run of a session anew, with the same input; what the old one had made is hidden',
    callers: talkers,
    params: ofRun,
    idempotent: true,
    responses: { 202: closed(Acceptance) },
  },
  beginRun: {
    method: 'post',
    path: '/v1/sessions/{sessionId}/runs',
    summary: 'A run that an agent app carries out by itself',
    callers: ['secret'],
    params: ofSession,
    body: BeginRun,
    idempotent: true,
    responses: { 201: Run },
  },
  pushRun: {
    method: 'patch',
    path: '/v1/runs/{runId}',
    summary: 'Add items to a run that the agent app carries out by itself, set the state, end it; renews its lease',
    callers: ['secret', 'run'],
    params: ofRun,
    body: PushRun,
    idempotent: true,
    responses: { 200: Run },
  },
  keepRunAlive: {
    method: 'post',
    path: '/v1/runs/{runId}/keep-alive',
    summary: 'Renew the lease of a run that the agent app carries out by itself',
    callers: ['secret', 'run'],
    params: ofRun,
    responses: { 200: Run },
  },
  ...endUserRoutes,
  ...memoryRoutes,
  ...webhookRoutes,
} as const satisfies Record<string, Route>

export type RouteName = keyof typeof clientRoutes
/** Routes that hold a connection open; services/realtime serves them, so that they scale apart from the API. */
export const STREAM_ROUTES = ['streamSession', 'streamRun'] as const
