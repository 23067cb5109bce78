import { setTimeout as sleep } from 'node:timers/promises'
import { isConnectionTrouble } from '@shared/store/connectionTrouble'
import { type RunEnd, endRun, requeueRun } from '@shared/store/runTransitions'
import { AgentFailure } from '@workers/agent/agentFailure'
import type { RunResult } from '@workers/agent/assembleRun'
import { type AttemptInProgress, recordOf } from './attempt.ts'
import type { RunAborted } from './runAborted.ts'
import type { RunTools } from './runTools.ts'

/** The ways in which an attempt ends. Each writes in one transaction, fenced by the epoch, then says what was committed. */

/** Code of a run whose items Postgres refused. */
export const UNSTORABLE = 'unstorable_output'
const NOTHING: RunResult = { items: [], events: [] }

/** The run has its output. */
export async function concludeCompleted(
  attempt: AttemptInProgress,
  result: RunResult,
  tools: RunTools,
  signal: AbortSignal,
): Promise<void> {
  await end(attempt, { status: 'completed', ...result, attempt: recordOf(attempt, 'completed') }, tools, signal)
}

/** The run is over without an output: not retryable, or all attempts are spent. What was shown stays, marked incomplete. */
export async function concludeFailed(
  attempt: AttemptInProgress,
  failure: AgentFailure,
  tools: RunTools,
  signal: AbortSignal,
): Promise<void> {
  // What Postgres has refused to store is not offered to it again.
  const { items, events, usage } = failure.code === UNSTORABLE ? NOTHING : attempt.assembly.cutShort()
  const error = failure.toRunError()
  const record = recordOf(attempt, 'failed', failure)
  await end(
    attempt,
    { status: 'failed', error, items, events, ...(usage && { usage }), attempt: record },
    tools,
    signal,
  )
}

/** Another attempt after a while. */
export async function concludeRetry(
  attempt: AttemptInProgress,
  failure: AgentFailure,
  delayMs: number,
  tools: RunTools,
  signal: AbortSignal,
): Promise<void> {
  await tools.outbox.settle(attempt.hold.runId)
  const requeue = {
    ...attempt.hold,
    delayMs,
    error: failure.toRunError(),
    reason: 'failed' as const,
    attempt: recordOf(attempt, 'failed', failure),
  }
  const events = await persist(() => requeueRun(tools.db, requeue), attempt, tools, signal)
  if (!events) return
  tools.publish(events)
  tools.wakeLater(attempt.hold.runId, delayMs)
  log(attempt, tools, 'retrying', failure)
}

/** Somebody broke it off. One who lost the run writes nothing; one who may still write gives it back, uncharged. */
export async function concludeAborted(attempt: AttemptInProgress, aborted: RunAborted, tools: RunTools): Promise<void> {
  tools.outbox.drop(attempt.hold.runId)
  if (aborted.reason === 'cancelled' || aborted.reason === 'fenced') return log(attempt, tools, aborted.reason)
  await tools.outbox.settle(attempt.hold.runId)
  const message = aborted.reason === 'shutdown' ? 'The worker was stopped.' : 'The connection to the database broke.'
  const failure = new AgentFailure('worker_stopped', message, { retryable: true })
  const requeue = { ...attempt.hold, delayMs: 0, error: failure.toRunError(), reason: 'drained' as const }
  // No signal: it has fired already. The heartbeat gives back what this can't.
  const events = await requeueRun(tools.db, { ...requeue, attempt: recordOf(attempt, 'superseded', failure) })
  if (!events) return
  tools.publish(events)
  tools.wake(attempt.hold.runId)
  log(attempt, tools, 'given back', failure)
}

async function end(
  attempt: AttemptInProgress,
  ending: Pick<RunEnd, 'status' | 'items' | 'events' | 'attempt'> &
    Partial<Pick<RunEnd, 'error' | 'usage' | 'state' | 'metadata'>>,
  tools: RunTools,
  signal: AbortSignal,
): Promise<void> {
  const { sessionId, runId, epoch } = attempt.hold
  const pending = await tools.outbox.settle(runId)
  if (signal.aborted) throw signal.reason
  const { status, items, error, usage, state, metadata, attempt: record } = ending
  const whole: RunEnd = {
    sessionId,
    runId,
    right: { epoch },
    status,
    items,
    events: [...pending, ...stateEvents(state), ...ending.events],
    attempt: record,
    ...(error && { error }),
    ...(usage && { usage }),
    ...(state !== undefined && { state }),
    ...(metadata && { metadata }),
  }
  const ended = await persist(() => endRun(tools.db, whole), attempt, tools, signal)
  if (ended.outcome !== 'ended') return log(attempt, tools, ended.outcome)
  tools.publish(ended.events)
  if (ended.nextRunId) tools.wake(ended.nextRunId)
  log(attempt, tools, status)
}

function stateEvents(state: RunEnd['state']): RunEnd['events'] {
  return state === undefined ? [] : [{ type: 'state.updated', data: { state } }]
}

const PAUSE_MS = 200

/**
 * Writes until Postgres has answered: a connection may break before or after the commit, and doing it again is harmless
 * (the epoch lets it happen once). What Postgres refuses for what it says is not tried again. Ends when the run is
 * broken off: a worker that can't reach Postgres fences itself.
 */
async function persist<Result>(
  write: () => Promise<Result>,
  attempt: AttemptInProgress,
  tools: RunTools,
  signal: AbortSignal,
): Promise<Result> {
  for (;;) {
    try {
      return await write()
    } catch (error) {
      if (!isConnectionTrouble(error)) throw error
      tools.log.warn({ err: error, runId: attempt.hold.runId }, 'Postgres is away, a run waits to be written')
    }
    await sleep(PAUSE_MS)
    if (signal.aborted) throw signal.reason
  }
}

function log(attempt: AttemptInProgress, tools: RunTools, outcome: string, failure?: AgentFailure): void {
  const { runId, sessionId, attempt: number } = attempt.hold
  const { organizationId } = attempt.claimed.run
  tools.log.info(
    {
      runId,
      sessionId,
      organizationId,
      attempt: number,
      ...(failure && { code: failure.code, reason: failure.message }),
    },
    `run ${outcome}`,
  )
}
