import { tunables } from '@shared/domain/tunables'
import { findUnclaimedRuns } from '@shared/store/dueRuns'
import type { Worker } from '../worker.ts'
import type { ChoreTools } from './choreTools.ts'

/**
 * Rings again for due runs that nobody claims. A run that was just made due has a bell on its way: it is rung from the
 * second look on, and then every `tunables.ringAgain`. A queue may be connected and take nothing, such as a full Redis:
 * then the worker of this process is told.
 */
export function createBellRinger(): (tools: ChoreTools, worker: Pick<Worker, 'wake'>, now: number) => Promise<void> {
  /** When each unclaimed run was last rung. */
  const rungAt = new Map<string, number>()
  return async ({ db, broker, log }, worker, now) => {
    const unclaimed = await findUnclaimedRuns(db, 0, tunables.reconcileRings)
    const silent = unclaimed.filter(
      (runId) => now - (rungAt.get(runId) ?? Number.NEGATIVE_INFINITY) > tunables.ringAgain,
    )
    const seen = new Set(unclaimed)
    for (const runId of rungAt.keys()) if (!seen.has(runId)) rungAt.delete(runId)
    const toRing = silent.filter((runId) => rungAt.has(runId))
    for (const runId of silent) rungAt.set(runId, rungAt.has(runId) ? now : now - tunables.ringAgain)
    if (toRing.length === 0) return
    await broker.ring(toRing).catch((error: unknown) => {
      log.warn({ err: error }, 'bells could not be rung, this worker takes the runs')
      worker.wake(toRing)
    })
  }
}
