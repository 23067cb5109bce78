import type { OnBusy } from '@shared/domain/agents'
import type { SessionEvent } from '@shared/domain/events'
import { idOf } from '@shared/domain/ids'
import type { JsonObject } from '@shared/domain/json'
import type { Space } from '@shared/domain/objects'
import { tunables } from '@shared/domain/tunables'
import { type IdempotencyKey, storedKey } from './idempotencyKey.ts'
import type { Database } from './pool.ts'
import { callFunction } from './query.ts'
import { uuid } from './render.ts'
import { type HeldWork, readHeldWork } from './forceEndRun.ts'
import { storedMade } from './runTransitions.ts'
import { type WrittenPart, renderParts } from './storeEvents.ts'

export interface NewSession {
  id: string
  organizationId: string
  agentId: string
  endUserId: string
  /** The end user is somebody new and anonymous, made in the same transaction. */
  anonymous: boolean
  space: Space
  title: string | null
  metadata: JsonObject
}

export interface NewMessage {
  organizationId: string
  sessionId: string
  /** When the message begins its session. */
  newSession?: NewSession
  idempotency?: IdempotencyKey
  runId: string
  itemId: string
  runType: string
  input: JsonObject
  metadata: JsonObject
  onBusy: OnBusy
  /** With `merge`: the run begins this many ms after the last message that joined it. */
  debounceMs?: number
  priority: number
  agentVersionId: string
  version: string
}

/** What is answered now, and again to a request with the same idempotency key. */
export interface Acceptance {
  sessionId: string
  runId: string
  itemId: string
  /** The last event of this acceptance. */
  seq: number
}

export type AcceptOutcome =
  | ({ outcome: 'accepted' } & Acceptance & AcceptedNews)
  | ({ outcome: 'replayed' } & Acceptance)
  | { outcome: 'busy'; activeRunId: string }
  | { outcome: 'mismatch' | 'absent' | 'full' | 'no_end_user' }

/** What is to be said after an acceptance was committed. */
export interface AcceptedNews {
  events: SessionEvent[]
  /** When the run may start, in ms from now; null while others stand before it. */
  ringAfterMs: number | null
  /** Runs that were cancelled for it, which somebody may be carrying out. */
  cancelled: string[]
}

/** What accept_message_v1 and retry_run_v1 return. */
export type StoredAcceptance =
  | ({ outcome: 'accepted'; ringAfterMs: number | null; cancelled: string[]; written: WrittenPart[] } & Acceptance)
  | Exclude<AcceptOutcome, { outcome: 'accepted' }>

/**
 * Accepts a message in one transaction: idempotency record, (session,) input item, queued run and its events; with
 * `interrupt` and `rollback` also the end of all that lives in the session. Refusals leave nothing behind.
 */
export async function acceptMessage(db: Database, message: NewMessage): Promise<AcceptOutcome> {
  const interrupts = message.onBusy === 'interrupt' || message.onBusy === 'rollback'
  for (let held: HeldWork | null = null; ;) {
    // What the held run has made is folded without a lock; when the head has moved since, it is read on and tried again.
    if (interrupts && !message.newSession) held = await readHeldWork(db, message.sessionId, held)
    const parameter = { ...storedMessage(message), held: held && { expectSeq: held.seq, ...storedMade(held) } }
    const result: StoredAcceptance | { outcome: 'moved' } = await callFunction(db, 'accept_message_v1', parameter)
    if (result.outcome !== 'moved') return renderAccepted(result, message.sessionId)
  }
}

/**
 * Accepts messages that begin sessions, all in one transaction; gives the outcome of each, in their order. Throws what
 * Postgres says when it refuses one of them: then none was accepted.
 */
export async function acceptBeginnings(
  db: Database,
  messages: readonly (NewMessage & { newSession: NewSession })[],
): Promise<AcceptOutcome[]> {
  if (messages.length === 0) return []
  const outcomes = await callFunction<Record<string, StoredAcceptance>>(
    db,
    'accept_beginnings_v1',
    messages.map((message) => storedMessage(message)),
  )
  return messages.map(({ sessionId }, index) => renderAccepted(outcomes[index + 1]!, sessionId))
}

/** As functions/*.sql take it. */
function storedMessage(message: NewMessage): object {
  const { input, itemId, ...rest } = message
  const organizationId = uuid('organization', message.organizationId)
  return {
    ...rest,
    organizationId,
    sessionId: uuid('session', message.sessionId),
    newSession: message.newSession ? storedSession(message.newSession) : null,
    idempotency: message.idempotency ? storedKey(message.idempotency, organizationId) : null,
    runId: uuid('run', message.runId),
    inputs: [{ id: uuid('item', itemId), data: input }],
    agentVersionId: uuid('agentVersion', message.agentVersionId),
    deadlineMs: tunables.runDeadline,
    queueMax: tunables.sessionQueue,
    maxDebounceMs: tunables.maxDebounce,
    mergedMax: tunables.mergedInputs,
    metadataMax: tunables.metadataBytes,
  }
}

export function renderAccepted(result: StoredAcceptance, sessionId: string): AcceptOutcome {
  switch (result.outcome) {
    case 'accepted': {
      const { ringAfterMs, cancelled, written } = result
      const news = {
        events: renderParts(written, sessionId),
        ringAfterMs,
        cancelled: cancelled.map((id) => idOf('run', id)),
      }
      return { outcome: 'accepted', ...renderAcceptance(result), ...news }
    }
    case 'replayed':
      return { outcome: 'replayed', ...renderAcceptance(result) }
    case 'busy':
      return { outcome: 'busy', activeRunId: idOf('run', result.activeRunId) }
    default:
      return result
  }
}

function renderAcceptance({ sessionId, runId, itemId, seq }: Acceptance): Acceptance {
  return { sessionId: idOf('session', sessionId), runId: idOf('run', runId), itemId: idOf('item', itemId), seq }
}

function storedSession(session: NewSession): object {
  return {
    ...session,
    id: uuid('session', session.id),
    organizationId: uuid('organization', session.organizationId),
    agentId: uuid('agent', session.agentId),
    endUserId: uuid('endUser', session.endUserId),
    // eight of the id's random letters: short enough to say aloud
    handle: session.id.slice(-8),
  }
}

export type CreateSessionOutcome =
  { outcome: 'created' | 'replayed'; sessionId: string } | { outcome: 'mismatch' } | { outcome: 'no_end_user' }

/** Makes a session without a message. */
export async function createSession(
  db: Database,
  session: NewSession,
  idempotency?: IdempotencyKey,
): Promise<CreateSessionOutcome> {
  const organizationId = uuid('organization', session.organizationId)
  const result = await callFunction<CreateSessionOutcome>(
    db,
    'create_session_v1',
    storedSession(session),
    idempotency ? storedKey(idempotency, organizationId) : null,
  )
  return 'sessionId' in result ? { ...result, sessionId: idOf('session', result.sessionId) } : result
}

/** What an earlier request for a message was answered under this key: null when there is none that still counts. */
export async function findAcceptance(
  db: Database,
  organization: string,
  key: IdempotencyKey,
): Promise<AcceptOutcome | null> {
  const kept = await findReplay<Acceptance>(db, organization, key)
  if (kept === null || kept === 'mismatch') return kept && { outcome: kept }
  return { outcome: 'replayed', ...renderAcceptance(kept) }
}

/** The same for a session without a message. */
export async function findCreatedSession(
  db: Database,
  organization: string,
  key: IdempotencyKey,
): Promise<CreateSessionOutcome | null> {
  const kept = await findReplay<Pick<Acceptance, 'sessionId'>>(db, organization, key)
  if (kept === null || kept === 'mismatch') return kept && { outcome: kept }
  return { outcome: 'replayed', sessionId: idOf('session', kept.sessionId) }
}

/** The same for a run that an agent app has begun by itself. */
export async function findBegunRun(
  db: Database,
  organization: string,
  key: IdempotencyKey,
): Promise<{ outcome: 'replayed'; runId: string } | { outcome: 'mismatch' } | null> {
  const kept = await findReplay<Pick<Acceptance, 'runId'>>(db, organization, key)
  if (kept === null || kept === 'mismatch') return kept && { outcome: kept }
  return { outcome: 'replayed', runId: idOf('run', kept.runId) }
}

async function findReplay<Kept extends object>(
  db: Database,
  organization: string,
  key: IdempotencyKey,
): Promise<Kept | 'mismatch' | null> {
  const stored = storedKey(key, uuid('organization', organization))
  const found = await callFunction<Kept | { mismatch: true } | null>(db, 'replayed_acceptance_v1', stored)
  return found && 'mismatch' in found ? 'mismatch' : found
}
