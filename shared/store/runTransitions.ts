import type { SessionEvent, TerminalEvent } from '@shared/domain/events'
import { idOf } from '@shared/domain/ids'
import type { Json, JsonObject } from '@shared/domain/json'
import type { AttemptOutcome, Item, RunError, Usage } from '@shared/domain/objects'
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

export interface ClaimedRun {
  run: {
    id: string
    organizationId: string
    runNo: number
    type: string
    epoch: number
    attempt: number
    leg: number
    failures: number
    agentVersionId: string
    version: string
    metadata: JsonObject
    nextItemNo: number
    deadlineAt: string
  }
  session: {
    id: string
    handle: string
    agent: string
    metadata: JsonObject
    state: Json
    endUser: { id: string; externalId: string | null; metadata: JsonObject }
  }
  inputs: JsonObject[]
  events: SessionEvent[]
}

/** Takes up to `limit` due runs for a worker, hinted ones first. Empty when nothing is due or the worker has lapsed. */
export async function claimRuns(
  db: Database,
  workerId: string,
  hints: readonly string[],
  limit: number,
): Promise<ClaimedRun[]> {
  const rows = await query<{ claimed: ClaimedRun & Written }>(
    db,
    { name: 'claim_runs_v1', text: 'select claimed from claim_runs_v1($1, $2, $3) as claimed' },
    [uuid('worker', workerId), hints.map((id) => uuid('run', id)), limit],
  )
  return rows.map(({ claimed: { run, session, inputs, ...written } }) => {
    const sessionId = idOf('session', session.id)
    return {
      run: {
        ...run,
        id: idOf('run', run.id),
        organizationId: idOf('organization', run.organizationId),
        agentVersionId: idOf('agentVersion', run.agentVersionId),
        deadlineAt: iso(run.deadlineAt),
      },
      session: { ...session, id: sessionId, endUser: { ...session.endUser, id: idOf('endUser', session.endUser.id) } },
      inputs,
      events: renderWritten(written, sessionId, run.id, run.attempt),
    }
  })
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
      // Assignable: a NewEvent's `type` and `data` belong together, and seq, session, run and time are added.
      const rendered = events.map(
        (event, i) => ({ ...event, seq: base.base_seq + i + 1, sessionId, runId, attempt, at }) as SessionEvent,
      )
      appended.set(runId, rendered)
    }
  }
  return appended
}

/** How an attempt went, for people who ask later. */
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
  /** By which right: a worker's epoch, or the head's last seq up to which somebody else has folded the open items. */
  right: { epoch: number } | { expectSeq: number }
  status: 'completed' | 'failed' | 'cancelled'
  error?: RunError
  usage?: Usage
  /** All items of this leg, complete or incomplete; they become rows. */
  items: readonly Item[]
  /** Written before the terminal event. */
  events: readonly NewEvent[]
  /** The session's new state, when the agent app gave one. */
  state?: Json
  /** Merged into the session's metadata. */
  metadata?: JsonObject
  attempt: AttemptRecord
}

export type EndOutcome =
  | { outcome: 'ended'; events: SessionEvent[]; nextRunId: string | null }
  | { outcome: 'fenced' | 'moved' | 'already_ended' | 'absent' }

/** Ends a run: items, status, terminal event and the head's release in one transaction; returns the next run to ring. */
export async function endRun(db: Database, end: RunEnd): Promise<EndOutcome> {
  const { sessionId, runId, right, items, events, ...rest } = end
  const result = await callFunction<
    | ({ outcome: 'ended'; attempt: number | null; nextRunId: string | null } & Written)
    | { outcome: 'fenced' | 'moved' | 'already_ended' | 'absent' }
  >(db, 'end_run_v1', {
    ...rest,
    ...right,
    sessionId: uuid('session', sessionId),
    runId: uuid('run', runId),
    hasState: end.state !== undefined,
    items: items.map((item) => ({ ...item, id: uuid('item', item.id) })),
    events: events.map(toStored),
  })
  if (result.outcome !== 'ended') return result
  return {
    outcome: 'ended',
    events: renderWritten(result, sessionId, uuid('run', runId), result.attempt),
    nextRunId: result.nextRunId && idOf('run', result.nextRunId),
  }
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

/** The event that tells how a run ended. */
export function terminalEventOf(status: RunEnd['status']): TerminalEvent {
  return `run.${status}`
}
