import { sayCommitted } from '@shared/broker/sayCommitted'
import { tunables } from '@shared/domain/tunables'
import { findOverdueRuns } from '@shared/store/dueRuns'
import { forceEndRun } from '@shared/store/forceEndRun'
import { CHORE_BATCH, type ChoreTools, unlessRefused } from './choreTools.ts'

/** Ends runs that are past their time, whatever they wait for. */
export async function endOverdue(tools: ChoreTools): Promise<void> {
  const { db, broker, log } = tools
  const error = {
    code: 'deadline_exceeded',
    message: `The run was not over after ${tunables.runDeadline / 60_000} minutes.`,
  }
  for (const run of await findOverdueRuns(db, CHORE_BATCH)) {
    const ended = await unlessRefused(tools, { runId: run.runId }, () =>
      forceEndRun(db, { ...run, status: 'failed', error }),
    )
    if (ended?.outcome !== 'ended') continue
    sayCommitted(broker, log, ended.events, ended.nextRunId ? [ended.nextRunId] : [])
    await broker.publishAborts([run.runId]).catch(() => undefined)
  }
}
