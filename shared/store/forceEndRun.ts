import type { SessionEvent } from '@shared/domain/events'
import type { Item, RunError } from '@shared/domain/objects'
import { isEnded } from '@shared/domain/runStates'
import type { Database } from './pool.ts'
import { type LiveRun, readLiveRun } from './readSnapshot.ts'
import { endRun } from './runTransitions.ts'
import type { NewEvent } from './storeEvents.ts'

export interface ForcedEnd {
  sessionId: string
  runId: string
  status: 'cancelled' | 'failed'
  error?: RunError
}

export type ForcedEndOutcome =
  { outcome: 'ended'; events: SessionEvent[]; nextRunId: string | null } | { outcome: 'already_ended' | 'absent' }

/**
 * Ends a live run that somebody else may be running: cancel, deadline. What it has made so far is read and folded
 * without any lock, then the end is guarded on the head not having moved since; else what came meanwhile is read and folded
 * as well, and again. A worker appends every `tunables.flush` ms at most and such a round is far shorter, however long
 * the log is, so this comes through.
 */
export async function forceEndRun(db: Database, end: ForcedEnd): Promise<ForcedEndOutcome> {
  for (let live: LiveRun | null = null; ;) {
    live = await readLiveRun(db, end.sessionId, end.runId, live)
    if (!live) return { outcome: 'absent' }
    if (isEnded(live.run.status)) return { outcome: 'already_ended' }
    const items = live.items.map(cutShort)
    const result = await endRun(db, {
      ...end,
      right: { expectSeq: live.seq },
      items,
      events: items.filter((item) => item.status === 'incomplete').map(completed),
      attempt: { outcome: end.status, ...(end.error && { error: end.error }) },
    })
    if (result.outcome === 'ended') return result
    if (result.outcome === 'already_ended' || result.outcome === 'absent') return { outcome: result.outcome }
  }
}

function cutShort(item: Item): Item {
  return item.status === 'streaming' ? { ...item, status: 'incomplete' } : item
}

function completed(item: Item): NewEvent {
  return { type: 'item.completed', data: { item } }
}
