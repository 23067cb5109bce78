import { sayCommitted } from '@shared/broker/sayCommitted'
import { tunables } from '@shared/domain/tunables'
import { armed, failpoint } from '@shared/failpoints/failpoint'
import { forceEndRun } from '@shared/store/forceEndRun'
import { requeueRun } from '@shared/store/runTransitions'
import { type OrphanedRun, findOrphanedRuns, markLapsedWorkers } from '@shared/store/workers'
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
  const { db } = tools
  for (let more = true; more;) {
    const orphans = await findOrphanedRuns(db, CHORE_BATCH)
    more = false
    for (const orphan of orphans) {
      const settled = await unlessRefused(tools, { runId: orphan.runId }, () => settleOrphan(tools, orphan))
      // A full batch of which something could be settled: the next one holds others.
      if (settled) more = orphans.length === CHORE_BATCH
    }
  }
}

const ERROR = { code: 'worker_lost', message: 'The worker that carried out this run was lost.' }

/** Another worker's turn; or the end of a run that has lost so many that it is likely to be what kills them. */
async function settleOrphan({ db, broker, log }: ChoreTools, orphan: OrphanedRun): Promise<boolean> {
  const { lapses, ...hold } = orphan
  const about = { sessionId: hold.sessionId, runId: hold.runId }
  if (armed) await failpoint('takeover.before', about)
  if (lapses + 1 >= tunables.lapsesMax) {
    const ended = await forceEndRun(db, { ...hold, status: 'failed', error: ERROR })
    if (ended.outcome !== 'ended') return false
    if (armed) await failpoint('takeover.committed', about)
    log.error({ runId: hold.runId, sessionId: hold.sessionId }, 'a run has lost its last worker and is failed')
    sayCommitted(broker, log, ended.events, ended.nextRunId ? [ended.nextRunId] : [])
    return true
  }
  const attempt = { outcome: 'lapsed' as const, error: ERROR }
  const events = await requeueRun(db, { ...hold, delayMs: 0, error: ERROR, reason: 'lapsed', attempt })
  if (!events) return false
  if (armed) await failpoint('takeover.committed', about)
  sayCommitted(broker, log, events, [hold.runId])
  return true
}
