import { sayCommitted } from '@shared/broker/sayCommitted'
import { notFound } from '@shared/domain/errors'
import type { Run } from '@shared/domain/objects'
import { isEnded } from '@shared/domain/runStates'
import { armed, failpoint } from '@shared/failpoints/failpoint'
import { forceEndRun } from '@shared/store/forceEndRun'
import { findRun } from '@shared/store/runs'
import { type Caller, scopeOf } from './caller.ts'
import type { IntakeTools } from './intakeTools.ts'
import { sayAborts } from './sayAccepted.ts'

/**
 * Cancels a run in whatever live state it is: one transaction, durable before anybody is told. The call to the agent app
 * is broken off by news to the workers (their heartbeat is the backstop). A run that had ended is returned as it is.
 */
export async function cancelRun(tools: IntakeTools, caller: Caller, runId: string): Promise<Run> {
  const run = await findRun(tools.db, scopeOf(caller), runId)
  if (!run) throw notFound('run')
  if (isEnded(run.status)) return run
  const ended = await forceEndRun(tools.db, { sessionId: run.sessionId, runId, status: 'cancelled' })
  if (ended.outcome === 'ended') {
    if (armed) await failpoint('cancel.committed', { sessionId: run.sessionId, runId })
    sayCommitted(tools.broker, tools.log, ended.events, ended.nextRunId ? [ended.nextRunId] : [])
    sayAborts(tools, [runId])
  }
  const now = await findRun(tools.db, scopeOf(caller), runId)
  if (!now) throw notFound('run')
  return now
}
