import type { EventData, EventType, SessionEvent } from '@shared/domain/events'
import { type IdKind, idOf, uuidOf } from '@shared/domain/ids'
import type { Json, JsonObject } from '@shared/domain/json'
import type { Attempt, Item, Run, RunError, RunStatus, Score, Session, Space, Usage } from '@shared/domain/objects'

/**
 * What the store's SQL returns, made into the wire's objects. Ids are UUIDs in Postgres and TypeIDs everywhere above
 * this folder; times are whatever Postgres prints and ISO-8601 UTC above.
 */

/** The UUID of an id that this process has checked or made before; throws when it isn't one. */
export function uuid(kind: IdKind, id: string): string {
  const value = uuidOf(kind, id)
  if (value === null) throw new Error(`"${id}" is not an id of kind ${kind}`)
  return value
}

export function iso(time: string | Date): string {
  if (typeof time !== 'string') return time.toISOString()
  // As jsonb has most of them: to the microsecond, in UTC. Each event tells several.
  if (time.length === UTC_MICROSECONDS && time.endsWith('+00:00')) return `${time.slice(0, ISO_MILLISECONDS)}Z`
  return new Date(time).toISOString()
}

const UTC_MICROSECONDS = '2026-01-02T03:04:05.678901+00:00'.length
const ISO_MILLISECONDS = '2026-01-02T03:04:05.678'.length

export interface StoredAttempt {
  attempt: number
  leg: number
  outcome: Attempt['outcome']
  error: RunError | null
  reportedVersion: string | null
  acceptedAt: string
  queuedAt: string
  claimedAt: string
  firstByteAt: string | null
  firstDeltaAt: string | null
  endedAt: string | null
  requestBytes: number | null
  requestSha256: string | null
  responseStatus: number | null
  responseBytes: number | null
  responseTruncated: boolean | null
}

/** run_snapshot_v1 */
export interface StoredRun {
  id: string
  sessionId: string
  runNo: number
  type: string
  status: RunStatus
  leg: number
  version: string
  retryOf: string | null
  metadata: JsonObject
  error: RunError | null
  usage: Usage | null
  pause: Run['pause'] | null
  queuePosition?: number | null
  createdAt: string
  endedAt: string | null
  attempts: StoredAttempt[]
}

/** session_snapshot_v1 */
export interface StoredSession {
  id: string
  handle: string
  agent: string
  endUserId: string
  space: Space
  title: string | null
  metadata: JsonObject
  state: Json
  version: string
  lastSeq: number
  createdAt: string
  updatedAt: string
}

export interface StoredItem {
  id: string
  runId: string
  runNo: number
  itemNo: number
  kind: Item['kind']
  status: Item['status']
  hidden?: boolean
  data: JsonObject
  createdAt: string | Date
}

/** A row of session_log, or an event just written by a transition. */
export interface StoredEvent {
  seq: number
  runId: string | null
  attempt: number | null
  type: EventType
  data: JsonObject
  at: string | Date
}

/**
 * What an attempt has sent and got is told once it is over: of one that was handed over it is known before, but no event
 * says so, and a snapshot must be what events fold to.
 */
export function renderAttempt(stored: StoredAttempt): Attempt {
  const { error, reportedVersion, firstByteAt, firstDeltaAt, endedAt, requestBytes, requestSha256 } = stored
  const { attempt, leg, outcome } = stored
  const began = {
    acceptedAt: iso(stored.acceptedAt),
    queuedAt: iso(stored.queuedAt),
    claimedAt: iso(stored.claimedAt),
  }
  if (endedAt === null) return { attempt, leg, outcome, timing: began }
  return {
    attempt,
    leg,
    outcome,
    ...(error && { error }),
    ...(reportedVersion !== null && { reportedVersion }),
    timing: {
      ...began,
      ...(firstByteAt !== null && { firstByteAt: iso(firstByteAt) }),
      ...(firstDeltaAt !== null && { firstDeltaAt: iso(firstDeltaAt) }),
      endedAt: iso(endedAt),
    },
    ...(requestBytes !== null && requestSha256 !== null && { request: { bytes: requestBytes, sha256: requestSha256 } }),
    ...(stored.responseStatus !== null && {
      response: {
        status: stored.responseStatus,
        bytes: stored.responseBytes ?? 0,
        truncated: stored.responseTruncated ?? false,
      },
    }),
  }
}

export function renderRun(stored: StoredRun): Run {
  const { retryOf, error, usage, pause, queuePosition, endedAt } = stored
  return {
    id: idOf('run', stored.id),
    sessionId: idOf('session', stored.sessionId),
    runNo: stored.runNo,
    type: stored.type,
    status: stored.status,
    leg: stored.leg,
    version: stored.version,
    ...(retryOf !== null && { retryOf: idOf('run', retryOf) }),
    metadata: stored.metadata,
    ...(error && { error }),
    ...(usage && { usage }),
    ...(pause && { pause: { ...pause, expiresAt: iso(pause.expiresAt) } }),
    ...(typeof queuePosition === 'number' && { queuePosition }),
    attempts: stored.attempts.map(renderAttempt),
    createdAt: iso(stored.createdAt),
    ...(endedAt !== null && { endedAt: iso(endedAt) }),
  }
}

export function renderSession(stored: StoredSession): Session {
  return {
    id: idOf('session', stored.id),
    handle: stored.handle,
    agent: stored.agent,
    endUserId: idOf('endUser', stored.endUserId),
    space: stored.space,
    ...(stored.title !== null && { title: stored.title }),
    metadata: stored.metadata,
    state: stored.state,
    version: stored.version,
    lastSeq: stored.lastSeq,
    createdAt: iso(stored.createdAt),
    updatedAt: iso(stored.updatedAt),
  }
}

export function renderItem(stored: StoredItem, sessionId: string): Item {
  return {
    id: idOf('item', stored.id),
    sessionId,
    runId: idOf('run', stored.runId),
    runNo: stored.runNo,
    itemNo: stored.itemNo,
    kind: stored.kind,
    status: stored.status,
    ...(stored.hidden && { hidden: true as const }),
    data: stored.data,
    createdAt: iso(stored.createdAt),
  }
}

/** score_json_v1 */
export interface StoredScore {
  id: string
  sessionId: string
  itemId: string
  name: string
  value: Json
  comment: string | null
  authorKind: Score['by']['kind']
  authorId: string
  createdAt: string
  updatedAt: string
}

/** What kind of id an author of scores has. */
export const AUTHORS = { endUser: 'endUser', apiKey: 'apiKey', member: 'member' } as const satisfies Record<
  Score['by']['kind'],
  IdKind
>

export function renderScore(stored: StoredScore): Score {
  const { name, value, comment, authorKind: kind, authorId } = stored
  return {
    id: idOf('score', stored.id),
    sessionId: idOf('session', stored.sessionId),
    itemId: idOf('item', stored.itemId),
    name,
    value,
    ...(comment !== null && { comment }),
    by: { kind, id: idOf(AUTHORS[kind], authorId) },
    createdAt: iso(stored.createdAt),
    updatedAt: iso(stored.updatedAt),
  }
}

/** The wire's event of a stored one. */
export function renderEvent(stored: StoredEvent, sessionId: string): SessionEvent {
  return {
    seq: stored.seq,
    type: stored.type,
    sessionId,
    ...(stored.runId !== null && { runId: idOf('run', stored.runId) }),
    ...(stored.attempt !== null && { attempt: stored.attempt }),
    at: iso(stored.at),
    data: renderEventData(stored, sessionId),
    // `type` and `data` belong together because renderEventData chooses by `type`, which the compiler can't follow.
  } as SessionEvent
}

interface StoredEventData {
  run: StoredRun
  session: StoredSession
  item: StoredItem
  itemId: string
  itemIds: string[]
  supersededItemIds: string[]
  runId: string
  nextAt: string
  score: StoredScore
}

function renderEventData(stored: StoredEvent, sessionId: string): EventData[EventType] {
  // What functions/*.sql and this folder write for each type; only they write the log.
  const data = stored.data as unknown as StoredEventData
  switch (stored.type) {
    case 'run.attempt':
      return { run: renderRun(data.run), supersededItemIds: data.supersededItemIds.map((id) => idOf('item', id)) }
    case 'run.queued':
    case 'run.started':
    case 'run.paused':
    case 'run.resumed':
    case 'run.completed':
    case 'run.failed':
    case 'run.cancelled':
      return { run: renderRun(data.run) }
    case 'run.retrying':
      return { ...stored.data, runId: idOf('run', data.runId), nextAt: iso(data.nextAt) } as EventData['run.retrying']
    case 'session.created':
    case 'session.updated':
      return { session: renderSession(data.session) }
    case 'item.created':
    case 'item.completed':
      return { item: renderItem(data.item, sessionId) }
    case 'feedback.created':
      return { itemId: idOf('item', data.itemId), score: renderScore(data.score) }
    case 'item.delta':
      return { ...stored.data, itemId: idOf('item', data.itemId) } as EventData['item.delta']
    case 'items.hidden':
      return { ...stored.data, itemIds: data.itemIds.map((id) => idOf('item', id)) } as EventData['items.hidden']
    default:
      return stored.data as EventData['custom']
  }
}
