import type { SessionEvent } from './events.ts'
import type { Json } from './json.ts'
import type { Item, Run, Session } from './objects.ts'
import { PatchError, applyPatch } from './patch.ts'
import { isObject } from './json.ts'

/**
 * What a session looks like after its events up to `seq`. Immutable: each event makes a new view that shares whatever
 * it didn't touch. `items` are in conversation order (run, then place in the run) and hold what a reader is shown:
 * hidden and superseded items are left out.
 */
export interface SessionView {
  seq: number
  session: Session | null
  state: Json
  items: readonly Item[]
  runs: readonly Run[]
  /** Why each run waits for its next attempt, by run id; gone once it is claimed again or has ended. */
  retrying: Readonly<Record<string, { nextAt: string; message: string }>>
}

export const EMPTY_VIEW: SessionView = { seq: 0, session: null, state: null, items: [], runs: [], retrying: {} }

/** Folds events, in order of seq, into a view; the server's snapshot, the SDK and Studio all use this one function. */
export function foldSession(events: Iterable<SessionEvent>, from: SessionView = EMPTY_VIEW): SessionView {
  let view = from
  for (const event of events) view = applyEvent(view, event)
  return view
}

/**
 * The view after one more event. An event at or below the view's seq changes nothing (so a replay is harmless), but for
 * a `snapshot`, which replaces the whole view. Types unknown to this version only move seq.
 */
export function applyEvent(view: SessionView, event: SessionEvent): SessionView {
  if (event.type === 'snapshot') return fromSnapshot(event)
  if (event.seq <= view.seq) return view
  return { ...change(view, event), seq: event.seq }
}

function change(view: SessionView, event: Exclude<SessionEvent, { type: 'snapshot' }>): SessionView {
  switch (event.type) {
    case 'session.created':
    case 'session.updated':
      return { ...view, session: event.data.session, state: event.data.session.state }
    case 'run.attempt':
      return upsertRun(without(view, event.data.supersededItemIds), event.data.run)
    case 'run.queued':
    case 'run.started':
    case 'run.paused':
    case 'run.resumed':
    case 'run.completed':
    case 'run.failed':
    case 'run.cancelled':
      return upsertRun(view, event.data.run)
    case 'run.retrying': {
      const { runId, nextAt, error } = event.data
      // Its attempt's record comes with the run's next event.
      const runs = view.runs.map((run) => (run.id === runId ? { ...run, status: 'queued' as const } : run))
      return { ...view, runs, retrying: { ...view.retrying, [runId]: { nextAt, message: error.message } } }
    }
    case 'item.created':
    case 'item.completed':
      return event.data.item.hidden ? without(view, [event.data.item.id]) : upsertItem(view, event.data.item)
    case 'item.delta':
      return patchItem(view, event.data.itemId, event.data.patch)
    case 'items.hidden':
      return without(view, event.data.itemIds)
    case 'state.updated':
      return { ...view, state: event.data.state, session: view.session && { ...view.session, state: event.data.state } }
    default:
      return view
  }
}

function fromSnapshot(event: SessionEvent & { type: 'snapshot' }): SessionView {
  const { session, items, runs } = event.data
  return { seq: event.seq, session, state: session.state, items, runs, retrying: {} }
}

function upsertRun(view: SessionView, run: Run): SessionView {
  const { [run.id]: _waited, ...retrying } = view.retrying
  return { ...view, runs: upsert(view.runs, run, (a, b) => a.runNo - b.runNo), retrying }
}

function upsertItem(view: SessionView, item: Item): SessionView {
  return { ...view, items: upsert(view.items, item, (a, b) => a.runNo - b.runNo || a.itemNo - b.itemNo) }
}

/** Replaces by id, else inserts in order; searched from the end, where a live session changes. */
function upsert<T extends { id: string }>(list: readonly T[], entry: T, order: (a: T, b: T) => number): readonly T[] {
  const at = list.findLastIndex((other) => other.id === entry.id)
  if (at >= 0 && order(list[at]!, entry) === 0) return list.with(at, entry)
  const rest = at >= 0 ? list.toSpliced(at, 1) : list
  const before = rest.findLastIndex((other) => order(other, entry) <= 0)
  return rest.toSpliced(before + 1, 0, entry)
}

function without(view: SessionView, itemIds: readonly string[]): SessionView {
  if (itemIds.length === 0) return view
  const gone = new Set(itemIds)
  return { ...view, items: view.items.filter((item) => !gone.has(item.id)) }
}

/** A delta of an item that isn't shown (superseded, or older than what was loaded) changes nothing. */
function patchItem(view: SessionView, itemId: string, patch: Parameters<typeof applyPatch>[1]): SessionView {
  const at = view.items.findLastIndex((item) => item.id === itemId)
  const item = view.items[at]
  if (!item || item.status !== 'streaming') return view
  try {
    const data = applyPatch(item.data, patch)
    return isObject(data) ? { ...view, items: view.items.with(at, { ...item, data }) } : view
  } catch (error) {
    // The server checked each patch when it was written; item.completed brings the full value in any case.
    if (error instanceof PatchError) return view
    throw error
  }
}
