import { sayCommitted } from '@shared/broker/sayCommitted'
import type { RunError } from '@shared/domain/objects'
import { tunables } from '@shared/domain/tunables'
import { armed, failpoint } from '@shared/failpoints/failpoint'
import { type OverdueRun, findOverdueRuns } from '@shared/store/dueRuns'
import { forceEndRun } from '@shared/store/forceEndRun'
import { CHORE_BATCH, type ChoreTools, unlessRefused } from './choreTools.ts'

const ERRORS: Record<OverdueRun['waitsFor'], RunError> = {
  end: {
    code: 'deadline_exceeded',
    message: `The run was not over after ${tunables.runDeadline / 60_000} minutes.`,
  },
  resume: { code: 'pause_expired', message: 'Nobody answered what the run waited for in time.' },
  push: { code: 'idle_timeout', message: 'The agent app that carries out this run by itself was silent for too long.' },
}

/** Ends runs that are past their time, whatever they wait for. */
export async function endOverdue(tools: ChoreTools): Promise<void> {
  const { db, broker, log } = tools
  for (const { sessionId, runId, waitsFor } of await findOverdueRuns(db, CHORE_BATCH)) {
    const end = { sessionId, runId, status: 'failed' as const, error: ERRORS[waitsFor], onlyOverdue: true }
    const ended = await unlessRefused(tools, { runId }, () => forceEndRun(db, end))
    if (ended?.outcome !== 'ended') continue
    if (armed) await failpoint('deadline.committed', { sessionId, runId })
    sayCommitted(broker, log, ended.events, ended.nextRunId ? [ended.nextRunId] : [])
    await broker.publishAborts([runId]).catch(() => undefined)
  }
}
