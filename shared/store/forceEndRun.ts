import type { SessionEvent } from '@shared/domain/events'
import type { Item, RunError } from '@shared/domain/objects'
import { isEnded } from '@shared/domain/runStates'
import type { Database } from './pool.ts'
import { type LiveRun, readLiveRun } from './readSnapshot.ts'
import { queryOne } from './query.ts'
import { uuid } from './render.ts'
import { endRun } from './runTransitions.ts'
import type { NewEvent } from './storeEvents.ts'
import { idOf } from '@shared/domain/ids'

export interface ForcedEnd {
  sessionId: string
  runId: string
  status: 'cancelled' | 'failed'
  error?: RunError
  /** Only while it is held under this epoch: the end of a run whose worker was lost. */
  epoch?: number
  /** Only while it is past its deadline: somebody may have resumed or pushed it meanwhile. */
  onlyOverdue?: boolean
}

export type ForcedEndOutcome =
  | { outcome: 'ended'; events: SessionEvent[]; nextRunId: string | null }
  | { outcome: 'already_ended' | 'absent' | 'fenced' | 'not_overdue' }

/**
 * Ends a live run that somebody else may be running: cancel, deadline, a third lost worker. What it has made so far is
 * read and folded without any lock, then the end is guarded on the head not having moved since; else what came meanwhile
 * is read and folded as well, and again. A worker appends every `tunables.flush` ms at most and such a round is far
 * shorter, however long the log is, so this comes through.
 */
export async function forceEndRun(db: Database, end: ForcedEnd): Promise<ForcedEndOutcome> {
  const { sessionId, runId, status, error, epoch, onlyOverdue } = end
  for (let live: LiveRun | null = null; ;) {
    live = await readLiveRun(db, sessionId, runId, live)
    if (!live) return { outcome: 'absent' }
    if (isEnded(live.run.status)) return { outcome: 'already_ended' }
    const result = await endRun(db, {
      sessionId,
      runId,
      status,
      ...(error && { error }),
      right: { expectSeq: live.seq, ...(epoch !== undefined && { epoch }), ...(onlyOverdue && { onlyOverdue }) },
      ...cutShort(live),
      attempt: { outcome: epoch === undefined ? status : 'lapsed', ...(error && { error }) },
    })
    if (result.outcome === 'ended') return result
    if (result.outcome !== 'moved') return { outcome: result.outcome }
  }
}

/** What a live run has made, as it stands: open items are kept as they are, marked incomplete. */
function cutShort(live: LiveRun): { items: Item[]; events: NewEvent[] } {
  const items = live.items.map((item): Item => (item.status === 'streaming' ? { ...item, status: 'incomplete' } : item))
  const cut = items.filter((item) => item.status === 'incomplete')
  return { items, events: cut.map((item) => ({ type: 'item.completed', data: { item } })) }
}

/** What the held run of a session had made when the head's last seq was `seq`. */
export interface HeldWork {
  seq: number
  items: Item[]
  events: NewEvent[]
  live: LiveRun | null
}

/** What would be cut short if all of a session were cancelled now. Goes on from `known`, read before. */
export async function readHeldWork(db: Database, sessionId: string, known: HeldWork | null): Promise<HeldWork | null> {
  const head = await queryOne<{ last_seq: number; held_run_id: string | null }>(
    db,
    { name: 'read_held', text: 'select last_seq, held_run_id from session_heads where session_id = $1' },
    [uuid('session', sessionId)],
  )
  if (!head) return null
  const nothing = { seq: head.last_seq, items: [], events: [], live: null }
  if (head.held_run_id === null) return nothing
  const runId = idOf('run', head.held_run_id)
  const live = await readLiveRun(db, sessionId, runId, known?.live?.run.id === runId ? known.live : null)
  // It has ended meanwhile: the head has moved, and the next look finds it so.
  if (!live || isEnded(live.run.status)) return nothing
  return { seq: live.seq, ...cutShort(live), live }
}
