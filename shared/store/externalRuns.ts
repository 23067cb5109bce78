import type { SessionEvent } from '@shared/domain/events'
import { idOf, newId } from '@shared/domain/ids'
import type { Json, JsonObject } from '@shared/domain/json'
import type { Item, ItemKind, RunError, Usage } from '@shared/domain/objects'
import { isEnded } from '@shared/domain/runStates'
import { tunables } from '@shared/domain/tunables'
import { type IdempotencyKey, storedKey } from './idempotencyKey.ts'
import type { Database } from './pool.ts'
import { callFunction, queryOne } from './query.ts'
import { readLiveRun } from './readSnapshot.ts'
import { uuid } from './render.ts'
import { type EndOutcome, endRun } from './runTransitions.ts'
import { type NewEvent, type WrittenPart, renderParts } from './storeEvents.ts'

/** Runs that agent apps carry out by themselves: begun by a push, or handed over after a 202. */

/** What an agent app says of its run; usage is applied when it ends, state and metadata when it completes. */
export interface Push {
  /** Whole items, in order. */
  items: readonly JsonObject[]
  state?: Json
  metadata?: JsonObject
  usage?: Usage
}

/** How an agent app ends its run; the last item is the output of a completed one. */
export interface PushedEnd {
  status: 'completed' | 'failed'
  error?: RunError
}

export interface NewExternalRun extends Push {
  organizationId: string
  sessionId: string
  runType: string
  input: JsonObject | null
  runMetadata: JsonObject
  agentVersionId: string
  version: string
  /** How long it may be silent, in ms. */
  idleMs: number
  idempotency?: IdempotencyKey
  end: PushedEnd | null
}

export type BeginOutcome =
  | { outcome: 'accepted'; runId: string; events: SessionEvent[]; nextRunId: string | null }
  | { outcome: 'replayed'; runId: string }
  | { outcome: 'busy'; activeRunId: string }
  | { outcome: 'mismatch' | 'absent' }

/** Makes a run that its agent app carries out, or has carried out already (`end`), in one transaction. */
export async function beginExternalRun(db: Database, run: NewExternalRun): Promise<BeginOutcome> {
  const { sessionId, idempotency, input, items, end } = run
  const organizationId = uuid('organization', run.organizationId)
  const result = await callFunction<
    | { outcome: 'accepted'; runId: string; written: WrittenPart[]; nextRunId: string | null }
    | Exclude<BeginOutcome, { outcome: 'accepted' }>
  >(db, 'begin_external_run_v1', {
    organizationId,
    sessionId: uuid('session', sessionId),
    runId: uuid('run', newId('run')),
    runType: run.runType,
    metadata: run.runMetadata,
    agentVersionId: uuid('agentVersion', run.agentVersionId),
    version: run.version,
    deadlineMs: tunables.runDeadline,
    idleMs: run.idleMs,
    inputs: input ? [newItem(input)] : [],
    items: items.map((data, index) => ({ ...newItem(data), kind: kindOf(index, items.length, end) })),
    pending: { ...pendingOf(run), itemBytes: bytesOf(items) },
    end: end && { ...end, attempt: attemptOf(end) },
    idempotency: idempotency ? storedKey(idempotency, organizationId) : null,
  })
  switch (result.outcome) {
    case 'accepted': {
      const nextRunId = result.nextRunId && idOf('run', result.nextRunId)
      return {
        outcome: 'accepted',
        runId: idOf('run', result.runId),
        events: renderParts(result.written, sessionId),
        nextRunId,
      }
    }
    case 'replayed':
      return { outcome: 'replayed', runId: idOf('run', result.runId) }
    case 'busy':
      return { outcome: 'busy', activeRunId: idOf('run', result.activeRunId) }
    default:
      return result
  }
}

/** Whose run is pushed to: by the run's own token (its epoch), or by a key of the organization (null). */
export interface PushTarget {
  organizationId: string
  sessionId: string
  runId: string
  epoch: number | null
}

/** What a run holds at most: tunables' agentAnswerItems and agentAnswerBytes. */
type TooMuch = 'too_many_items' | 'too_many_bytes'

export type PushOutcome =
  | { outcome: 'pushed'; events: SessionEvent[] }
  | { outcome: 'replayed' | 'mismatch' | 'absent' | 'run_ended' | 'not_external' | TooMuch }

/** Adds to a run, and renews its lease; with nothing to add only that. */
export async function pushToRun(
  db: Database,
  target: PushTarget,
  push: Push,
  idleMs: number,
  idempotency?: IdempotencyKey,
): Promise<PushOutcome> {
  const organizationId = uuid('organization', target.organizationId)
  const result = await callFunction<
    { outcome: 'pushed'; written: WrittenPart[] } | Exclude<PushOutcome, { outcome: 'pushed' }>
  >(db, 'push_run_v1', {
    organizationId,
    sessionId: uuid('session', target.sessionId),
    runId: uuid('run', target.runId),
    epoch: target.epoch,
    idleMs,
    items: push.items.map((data) => ({ ...newItem(data), kind: 'step' })),
    itemsMax: tunables.agentAnswerItems,
    itemBytesMax: tunables.agentAnswerBytes,
    pending: pendingOf(push),
    itemBytes: bytesOf(push.items),
    idempotency: idempotency ? storedKey(idempotency, organizationId) : null,
  })
  return result.outcome === 'pushed'
    ? { outcome: 'pushed', events: renderParts(result.written, target.sessionId) }
    : result
}

export type ExternalEndOutcome = EndOutcome | { outcome: 'not_external' | 'no_output' | TooMuch }

/**
 * Ends a run by its agent app, with what it adds at last. What it had pushed before is read and folded without a lock, as
 * for any forced end (forceEndRun.ts). `no_output`: a completed run needs an item. `checkOutput` is told of one that was
 * pushed before and becomes the output now; it throws what there is against it. `fenced`: another epoch, ended or not.
 */
export async function endExternalRun(
  db: Database,
  target: PushTarget,
  push: Push,
  end: PushedEnd,
  checkOutput: (data: JsonObject) => void,
): Promise<ExternalEndOutcome> {
  for (;;) {
    const live = await readLiveRun(db, target.sessionId, target.runId)
    if (!live) return { outcome: 'absent' }
    if (target.epoch !== null && live.epoch !== target.epoch) return { outcome: 'fenced' }
    if (isEnded(live.run.status)) return { outcome: 'already_ended' }
    if (live.owner !== 'external') return { outcome: 'not_external' }
    if (live.nextItemNo + push.items.length > tunables.agentAnswerItems) return { outcome: 'too_many_items' }
    const bytes = bytesOf([...live.items.map(({ data }) => data), ...push.items])
    if (push.items.length > 0 && bytes > tunables.agentAnswerBytes) return { outcome: 'too_many_bytes' }
    const { items, changed } = settled(
      live.items,
      push.items.map((data, index) => itemAt(live, index, data)),
      end,
    )
    const output = end.status === 'completed' ? items.at(-1) : null
    if (output === undefined) return { outcome: 'no_output' }
    if (output && push.items.length === 0) checkOutput(output.data)
    const { usage } = push
    const result = await endRun(db, {
      sessionId: target.sessionId,
      runId: target.runId,
      right: { expectSeq: live.seq, epoch: live.epoch, owner: 'external' },
      ...end,
      items,
      events: changed,
      ...(output && changesOf(push)),
      ...(usage && { usage }),
      attempt: attemptOf(end),
    })
    // Somebody was faster: the next look finds what he has made of it.
    if (result.outcome !== 'moved' && result.outcome !== 'fenced') return result
  }
}

type Live = NonNullable<Awaited<ReturnType<typeof readLiveRun>>>

function itemAt({ run, nextItemNo, at }: Live, index: number, data: JsonObject): Item {
  const place = { sessionId: run.sessionId, runId: run.id, runNo: run.runNo, itemNo: nextItemNo + index }
  return { id: newId('item'), ...place, kind: 'step', status: 'complete', data, createdAt: at }
}

/** All items of a run that ends, the last one as its output if it completed, and the events that say what changes. */
function settled(known: readonly Item[], added: readonly Item[], end: PushedEnd) {
  const count = known.length + added.length
  const items = [...known, ...added].map((item, index): Item => {
    // What a worker had begun before it handed the run over is left as it was.
    if (item.status === 'streaming') return { ...item, status: 'incomplete' }
    return index === count - 1 && end.status === 'completed' ? { ...item, kind: 'output' } : item
  })
  const changed = items.flatMap((item, index): NewEvent[] => {
    if (index >= known.length) return [{ type: 'item.created', data: { item } }]
    const before = known[index]!
    const same = before.kind === item.kind && before.status === item.status
    return same ? [] : [{ type: 'item.completed', data: { item } }]
  })
  return { items, changed }
}

function newItem(data: JsonObject): { id: string; data: JsonObject } {
  return { id: uuid('item', newId('item')), data }
}

function bytesOf(items: readonly JsonObject[]): number {
  return items.reduce((sum, data) => sum + Buffer.byteLength(JSON.stringify(data)), 0)
}

function kindOf(index: number, count: number, end: PushedEnd | null): ItemKind {
  return end?.status === 'completed' && index === count - 1 ? 'output' : 'step'
}

function pendingOf(push: Push): object {
  return { ...changesOf(push), ...(push.usage && { usage: push.usage }) }
}

/** What a run changes of its session, if it completes. */
function changesOf({ state, metadata }: Push): Pick<Push, 'state' | 'metadata'> {
  return { ...(state !== undefined && { state }), ...(metadata && { metadata }) }
}

function attemptOf({ status, error }: PushedEnd) {
  return { outcome: status, ...(error && { error }) }
}

/** The metadata that a run's session will have once what was pushed up to now is applied. */
export async function readMetadataToCome(db: Database, runId: string): Promise<JsonObject> {
  const row = await queryOne<{ metadata: JsonObject }>(
    db,
    {
      name: 'read_metadata_to_come',
      text: `select merged_metadata_v1(s.metadata, coalesce(r.pending -> 'metadata', '{}')) as metadata
             from runs r join sessions s on s.id = r.session_id where r.id = $1`,
    },
    [uuid('run', runId)],
  )
  return row?.metadata ?? {}
}
