import { sayCommitted } from '@shared/broker/sayCommitted'
import { requeueRun } from '@shared/store/runTransitions'
import { findOrphanedRuns, markLapsedWorkers } from '@shared/store/workers'
import { CHORE_BATCH, type ChoreTools, unlessRefused } from './choreTools.ts'

/** Gives the runs of lapsed workers to others. `all`: of every worker, when none can be alive (embedded start). */
export async function takeOverLapsed(tools: ChoreTools, scope: 'expired' | 'all'): Promise<void> {
  await markLapsed(tools, scope)
  await giveBackOrphans(tools)
}

/** Marks workers whose lease is over: from then on they can neither claim nor renew. */
export async function markLapsed({ db, log }: ChoreTools, scope: 'expired' | 'all'): Promise<void> {
  const lapsed = await markLapsedWorkers(db, scope)
  if (lapsed > 0) log.warn({ workers: lapsed }, 'workers were lost, their runs are given to others')
}

/** Requeues whatever a lapsed worker still holds. */
export async function giveBackOrphans(tools: ChoreTools): Promise<void> {
  const { db, broker, log } = tools
  const error = { code: 'worker_lost', message: 'The worker that carried out this run was lost.' }
  for (let more = true; more;) {
    const orphans = await findOrphanedRuns(db, CHORE_BATCH)
    more = false
    for (const orphan of orphans) {
      const attempt = { outcome: 'lapsed' as const, error }
      const requeue = { ...orphan, delayMs: 0, error, reason: 'lapsed' as const, attempt }
      const events = await unlessRefused(tools, { runId: orphan.runId }, () => requeueRun(db, requeue))
      if (!events) continue
      // A full batch of which something could be given back: the next one holds others.
      more = orphans.length === CHORE_BATCH
      sayCommitted(broker, log, events, [orphan.runId])
    }
  }
}
