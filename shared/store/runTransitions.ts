import type { SessionEvent } from '@shared/domain/events'
import { idOf } from '@shared/domain/ids'
import type { Json, JsonObject } from '@shared/domain/json'
import type { MemoryWrite } from '@shared/domain/memories'
import type { AttemptOutcome, Item, RunError, ToolCall, Usage } from '@shared/domain/objects'
import { storedWrites } from './memories.ts'
import { callFunction, query } from './query.ts'
import type { Database } from './pool.ts'
import { iso, uuid } from './render.ts'
import { type NewEvent, type Written, renderWritten, toStored } from './storeEvents.ts'

/**
 * The only place that writes runs.status. Each transition is one function of functions/*.sql (one round trip): it locks
 * the session's head, guards on the head's columns alone, and says in its outcome which guard refused. Zero rows or
 * another outcome means "you lost", never an exception.
 */

/** Who ran a run, and by which right. The epoch is the fence. */
export interface Hold {
  sessionId: string
  runId: string
  epoch: number
  attempt: number
}

export interface AppendRequest extends Hold {
  events: NewEvent[]
}

export interface Appended {
  runId: string
  events: SessionEvent[]
}

/**
 * Appends to the logs of several runs of one worker in one statement. A run that is missing in the answer was fenced or
 * its head was busy: `readHold` tells which.
 */
export async function appendEvents(
  db: Database,
  requests: readonly AppendRequest[],
): Promise<Map<string, SessionEvent[]>> {
  const parameter = requests.map((request) => ({
    sessionId: uuid('session', request.sessionId),
    runId: uuid('run', request.runId),
    epoch: request.epoch,
    attempt: request.attempt,
    events: request.events.map(toStored),
  }))
  const rows = await query<{ run_id: string; base_seq: number; appended_at: Date }>(
    db,
    { name: 'append_events_v1', text: 'select run_id, base_seq, appended_at from append_events_v1($1::jsonb)' },
    [JSON.stringify(parameter)],
  )
  const bases = new Map(rows.map((row) => [idOf('run', row.run_id), row]))
  const appended = new Map<string, SessionEvent[]>()
  for (const { runId, sessionId, attempt, events } of requests) {
    const base = bases.get(runId)
    if (base) {
      const at = base.appended_at.toISOString()
      appended.set(runId, numbered(events, { sessionId, runId, attempt }, base.base_seq, at))
    }
  }
  return appended
}

/** How an attempt went, for people who ask later; `running`: it goes on, outside. */
export interface AttemptRecord {
  outcome: AttemptOutcome
  error?: RunError
  reportedVersion?: string
  firstByteAt?: string
  firstDeltaAt?: string
  requestBytes?: number
  requestSha256?: string
  responseStatus?: number
  responseBytes?: number
  responseTruncated?: boolean
  /** Base64 of the raw answer, capped. */
  responseBody?: string
}

export interface RunEnd {
  sessionId: string
  runId: string
  /**
   * By which right: a worker's epoch, or the head's last seq up to which somebody else has folded the open items; with
   * both, also that the run is still held as it was found. `owner`: who carries it out, unless a worker does; `onlyOverdue`:
   * that its time is still over.
   */
  right: { epoch: number } | { expectSeq: number; epoch?: number; owner?: 'external'; onlyOverdue?: true }
  status: 'completed' | 'failed' | 'cancelled'
  error?: RunError
  usage?: Usage
  /** All items of this leg, complete or incomplete; they become rows. */
  items: readonly Item[]
  /** Written before the terminal event. */
  events: readonly NewEvent[]
  /** The session's new state, when the agent app gave one. */
  state?: Json
  /** Merged into the session's metadata; a null takes its key away. */
  metadata?: JsonObject
  /** What the agent app has learnt of the end user. */
  memories?: readonly MemoryWrite[]
  attempt: AttemptRecord
}

/** A leg that ends with a pause. */
export interface RunPause extends Pick<
  RunEnd,
  'sessionId' | 'runId' | 'usage' | 'items' | 'events' | 'state' | 'metadata' | 'memories' | 'attempt'
> {
  epoch: number
  pauseId: string
  toolCalls: readonly ToolCall[]
  /** After this many ms without all answers the run fails. */
  expiresMs: number
}

export type EndOutcome =
  | { outcome: 'ended'; events: SessionEvent[]; nextRunId: string | null }
  | { outcome: 'fenced' | 'moved' | 'already_ended' | 'not_overdue' | 'absent' }

/** Ends a run: items, status, terminal event and the head's release in one transaction; returns the next run to ring. */
export async function endRun(db: Database, end: RunEnd): Promise<EndOutcome> {
  return renderOutcome(await callFunction<StoredOutcome>(db, 'end_run_v1', storedEnd(end)), end)
}

/** An end as functions/*.sql take it. */
export function storedEnd(end: RunEnd): object {
  const { sessionId, runId, right, ...rest } = end
  return { ...rest, ...right, sessionId: uuid('session', sessionId), runId: uuid('run', runId), ...storedMade(end) }
}

/** What end_run_v1 and end_runs_v1 return. */
export type StoredOutcome =
  | ({ outcome: 'ended'; attempt: number | null; nextRunId: string | null } & (Written | WrittenLast))
  | Exclude<EndOutcome, { outcome: 'ended' }>

/** Only the terminal event: all that stands before it was given. */
type WrittenLast = Omit<Written, 'events'> & { ended: JsonObject }

export function renderOutcome(stored: StoredOutcome, end: RunEnd): EndOutcome {
  if (stored.outcome !== 'ended') return stored
  const { attempt, nextRunId } = stored
  const { sessionId, runId } = end
  const events =
    'events' in stored
      ? renderWritten(stored, sessionId, uuid('run', runId), attempt)
      : [
          ...numbered(end.events, { sessionId, runId, attempt: attempt! }, stored.baseSeq, iso(stored.at)),
          ...renderWritten(
            {
              baseSeq: stored.baseSeq + end.events.length,
              at: stored.at,
              events: [{ type: `run.${end.status}`, data: stored.ended }],
            },
            sessionId,
            uuid('run', runId),
            attempt,
          ),
        ]
  return { outcome: 'ended', events, nextRunId: nextRunId && idOf('run', nextRunId) }
}

/** Events that were given, as readers get them now that they have their seqs. */
function numbered(
  events: readonly NewEvent[],
  { sessionId, runId, attempt }: Pick<Hold, 'sessionId' | 'runId' | 'attempt'>,
  baseSeq: number,
  at: string,
): SessionEvent[] {
  // Assignable: a NewEvent's `type` and `data` belong together, and seq, session, run and time are added.
  return events.map(
    ({ type, data }, index) =>
      ({ seq: baseSeq + index + 1, type, sessionId, runId, attempt, at, data }) as SessionEvent,
  )
}

/** What a leg has made, as functions/*.sql take it. */
export function storedMade({ items, events, memories }: Pick<RunEnd, 'items' | 'events' | 'memories'>): object {
  return {
    items: items.map((item) => ({ ...item, id: uuid('item', item.id) })),
    events: events.map(toStored),
    ...(memories && { memories: storedWrites(memories) }),
  }
}

/** Pauses a running run: its leg's items and what it said of state are settled, it stays held. Null: fenced. */
export async function pauseRun(db: Database, pause: RunPause): Promise<SessionEvent[] | null> {
  const { sessionId, runId, ...rest } = pause
  const result = await callFunction<({ outcome: 'paused'; attempt: number } & Written) | { outcome: 'fenced' }>(
    db,
    'pause_run_v1',
    { ...rest, sessionId: uuid('session', sessionId), runId: uuid('run', runId), ...storedMade(pause) },
  )
  return result.outcome === 'paused' ? renderWritten(result, sessionId, uuid('run', runId), result.attempt) : null
}

/** Lets the agent app go on by itself: from now on its pushes are the run's lease, of `idleMs` each. False: fenced. */
export async function handOverRun(
  db: Database,
  hold: Pick<Hold, 'sessionId' | 'runId' | 'epoch'>,
  idleMs: number,
  attempt: AttemptRecord,
): Promise<boolean> {
  const { outcome } = await callFunction<{ outcome: 'handed_over' | 'fenced' }>(db, 'hand_over_run_v1', {
    sessionId: uuid('session', hold.sessionId),
    runId: uuid('run', hold.runId),
    epoch: hold.epoch,
    idleMs,
    attempt,
  })
  return outcome === 'handed_over'
}

export interface Requeue extends Pick<Hold, 'sessionId' | 'runId' | 'epoch'> {
  delayMs: number
  /** Shown to readers in run.retrying. */
  error: RunError
  /** Why: a failed attempt is charged against the retries, a lost worker is counted apart, a draining one is free. */
  reason: 'failed' | 'lapsed' | 'drained'
  attempt?: AttemptRecord
}

/** Gives a running run back to the queue for another attempt. Null: fenced, somebody else was faster. */
export async function requeueRun(db: Database, requeue: Requeue): Promise<SessionEvent[] | null> {
  const { sessionId, runId, reason, ...rest } = requeue
  const result = await callFunction<({ outcome: 'requeued'; attempt: number } & Written) | { outcome: 'fenced' }>(
    db,
    'requeue_run_v1',
    {
      ...rest,
      sessionId: uuid('session', sessionId),
      runId: uuid('run', runId),
      failed: reason === 'failed',
      lapsed: reason === 'lapsed',
    },
  )
  return result.outcome === 'requeued' ? renderWritten(result, sessionId, uuid('run', runId), result.attempt) : null
}
