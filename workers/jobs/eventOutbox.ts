import type { SessionEvent } from '@shared/domain/events'
import { tunables } from '@shared/domain/tunables'
import { armed, failpoint } from '@shared/failpoints/failpoint'
import { isConnectionTrouble, isRefusedStatement } from '@shared/store/connectionTrouble'
import type { Database } from '@shared/store/pool'
import { type AppendRequest, type Hold, appendEvents } from '@shared/store/runTransitions'
import type { NewEvent } from '@shared/store/storeEvents'
import { holdStands } from '@shared/store/workers'
import { addMerged, mergeDeltas } from './mergeDeltas.ts'

/**
 * Collects what all runs of this worker add to their logs and appends it in one statement: at once for what somebody
 * waits for, else every `tunables.flush` ms. One append is in flight at a time, and news are said in commit order.
 */
export interface EventOutbox {
  /** `urgent`: don't wait for the next round (a run's first words). */
  add(hold: Hold, events: readonly NewEvent[], urgent: boolean): void
  /** Waits for what is in flight and takes back what is not: it is written with the run's end. */
  settle(hold: Hold): Promise<NewEvent[]>
  /** Forgets an attempt; nothing more of it is written. Another attempt of its run, by this worker too, goes on. */
  drop(hold: Hold): void
}

export interface OutboxOptions {
  db: Database
  publish: (events: readonly SessionEvent[]) => void
  /**
   * The attempt's events could not be written: another has the run, it is not known whether they were, Postgres won't
   * have them, or a fault of ours keeps them from it.
   */
  onLost: (hold: Hold, reason: 'fenced' | 'uncertain' | 'refused' | 'faulty') => void
  onTrouble: (error: unknown) => void
}

export function createEventOutbox({ db, publish, onLost, onTrouble }: OutboxOptions): EventOutbox {
  /** By run: of two attempts only the later one may still write. */
  const waiting = new Map<string, AppendRequest>()
  let inFlight: { attempts: Set<string>; dropped: Set<string>; done: Promise<void> } | null = null
  let timer: NodeJS.Timeout | null = null
  let lastFlush = 0
  let urgentWaits = false
  let woken = false

  function schedule(urgent: boolean): void {
    urgentWaits ||= urgent
    // The next round begins when the one in flight returns.
    if (inFlight || woken) return
    const wait = urgentWaits ? 0 : lastFlush + tunables.flush - performance.now()
    if (wait > 0) {
      timer ??= setTimeout(flush, wait)
      return
    }
    // No timer: the shortest takes a millisecond, and what somebody waits for is here.
    woken = true
    setImmediate(flush)
  }

  function flush(): void {
    if (timer) clearTimeout(timer)
    timer = null
    woken = false
    urgentWaits = false
    if (waiting.size === 0) return
    lastFlush = performance.now()
    const batch = [...waiting.values()]
    waiting.clear()
    const attempts = new Set(batch.map(attemptOf))
    const done = write(batch).finally(() => {
      inFlight = null
      if (waiting.size > 0) schedule(false)
    })
    inFlight = { attempts, dropped: new Set(), done }
  }

  async function write(batch: AppendRequest[]): Promise<void> {
    let appended: Map<string, SessionEvent[]>
    if (armed) await failpoint('append.before', idsOf(batch))
    try {
      appended = await appendEvents(db, batch)
    } catch (error) {
      await appendFailed(batch, error)
      return
    }
    if (armed) await failpoint('append.committed', idsOf(batch.filter(({ runId }) => appended.has(runId))))
    for (const events of appended.values()) publish(events)
    await Promise.all(batch.filter(({ runId }) => !appended.has(runId)).map(retryOrLose))
  }

  /**
   * Connection trouble: it may have been committed or not, and writing it again could double it, so that another attempt
   * replaces all of it. Refused: it was rolled back whole, so each run is tried alone to find the one that is to blame.
   * A fault of ours may have come before the commit or after it: nothing is written again, and the attempt is charged.
   */
  async function appendFailed(batch: AppendRequest[], error: unknown): Promise<void> {
    onTrouble(error)
    if (isConnectionTrouble(error)) for (const request of batch) onLost(request, 'uncertain')
    else if (!isRefusedStatement(error)) for (const request of batch) onLost(request, 'faulty')
    else if (batch.length === 1) onLost(batch[0]!, 'refused')
    else for (const request of batch) await write([request])
  }

  /** A head that somebody else held for a moment is tried again in the next round; a fenced run is lost. */
  async function retryOrLose(request: AppendRequest): Promise<void> {
    const stands = await holdStands(db, request).catch(() => null)
    if (inFlight?.dropped.has(attemptOf(request))) return
    if (stands === false) return onLost(request, 'fenced')
    if (stands === null) return onLost(request, 'uncertain')
    const known = waiting.get(request.runId)
    if (known && known.attempt > request.attempt) return
    const newer = known?.attempt === request.attempt ? known.events : []
    waiting.set(request.runId, { ...request, events: mergeDeltas(request.events, newer) })
  }

  function takeBack({ runId, attempt }: Hold): NewEvent[] {
    const known = waiting.get(runId)
    if (known?.attempt !== attempt) return []
    waiting.delete(runId)
    return known.events
  }

  return {
    add(hold, events, urgent) {
      const known = waiting.get(hold.runId)
      // What an earlier attempt has left is not this one's, and one that comes late has lost its right.
      if (known && known.attempt > hold.attempt) return
      if (known?.attempt === hold.attempt) addMerged(known.events, events)
      else waiting.set(hold.runId, { ...hold, events: mergeDeltas([], events) })
      schedule(urgent)
    },
    async settle(hold) {
      while (inFlight?.attempts.has(attemptOf(hold))) await inFlight.done
      return takeBack(hold)
    },
    drop(hold) {
      takeBack(hold)
      inFlight?.dropped.add(attemptOf(hold))
    },
  }
}

function idsOf(batch: readonly AppendRequest[]): { sessionId: string[]; runId: string[] } {
  return { sessionId: batch.map(({ sessionId }) => sessionId), runId: batch.map(({ runId }) => runId) }
}

function attemptOf({ runId, attempt }: Hold): string {
  return `${runId}:${attempt}`
}
