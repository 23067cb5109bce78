import type { SessionEvent } from '@shared/domain/events'
import type { Item } from '@shared/domain/objects'
import { armed, failpoint } from '@shared/failpoints/failpoint'
import { readLiveRun } from '@shared/store/readSnapshot'
import type { WorkerEnd } from '@shared/store/endRuns'
import { type RunEnd, requeueRun } from '@shared/store/runTransitions'
import { AGENT_CANCELLED, AgentFailure } from '@workers/agent/agentFailure'
import type { RunResult } from '@workers/agent/assembleRun'
import { type AttemptInProgress, recordOf } from './attempt.ts'
import { PAUSE_MS, logOutcome as log, persist } from './persist.ts'
import type { RunAborted } from './runAborted.ts'
import type { RunTools } from './runTools.ts'

/** The ways in which an attempt ends. Each writes in one transaction, fenced by the epoch, then says what was committed. */

/** Code of a run whose items Postgres refused. */
export const UNSTORABLE = 'unstorable_output'

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
  const refused = failure.code === UNSTORABLE
  const { items, events, usage } = refused ? await whatIsStored(attempt, tools, signal) : attempt.assembly.cutShort()
  const error = failure.toRunError()
  const status = failure.code === AGENT_CANCELLED ? 'cancelled' : 'failed'
  const record = recordOf(attempt, status, failure)
  await end(attempt, { status, error, items, events, ...(usage && { usage }), attempt: record }, tools, signal)
}

/** What Postgres has refused to store is not offered to it again; what it has stored before is kept. */
async function whatIsStored(attempt: AttemptInProgress, tools: RunTools, signal: AbortSignal): Promise<RunResult> {
  const { sessionId, runId } = attempt.hold
  await tools.outbox.settle(attempt.hold)
  const live = await persist(() => readLiveRun(tools.db, sessionId, runId), attempt, tools, signal)
  const items = (live?.items ?? []).map((item): Item => ({
    ...item,
    status: item.status === 'streaming' ? 'incomplete' : item.status,
  }))
  const cut = items.filter((item) => item.status === 'incomplete')
  return { items, events: cut.map((item) => ({ type: 'item.completed', data: { item } })) }
}

/** Another attempt after a while. */
export async function concludeRetry(
  attempt: AttemptInProgress,
  failure: AgentFailure,
  delayMs: number,
  tools: RunTools,
  signal: AbortSignal,
): Promise<void> {
  await tools.outbox.settle(attempt.hold)
  const requeue = {
    ...attempt.hold,
    delayMs,
    error: failure.toRunError(),
    reason: 'failed' as const,
    attempt: recordOf(attempt, 'failed', failure),
  }
  const events = await persist(() => requeueRun(tools.db, requeue), attempt, tools, signal)
  if (armed && events) await failpoint('requeue.committed', idsOf(attempt))
  givenBack(attempt, events, delayMs, tools)
  log(attempt, tools, events ? 'retrying' : 'fenced', failure)
}

/** Somebody broke it off. One who lost the run writes nothing; one who may still write gives it back, uncharged. */
export async function concludeAborted(attempt: AttemptInProgress, aborted: RunAborted, tools: RunTools): Promise<void> {
  tools.outbox.drop(attempt.hold)
  if (aborted.reason === 'cancelled' || aborted.reason === 'fenced') return log(attempt, tools, aborted.reason)
  await tools.outbox.settle(attempt.hold)
  const message = aborted.reason === 'shutdown' ? 'The worker was stopped.' : 'The connection to the database broke.'
  const failure = new AgentFailure('worker_stopped', message, { retryable: true })
  // At once to another worker; while Postgres has trouble not as fast as it can fail.
  const delayMs = aborted.reason === 'shutdown' ? 0 : PAUSE_MS
  const requeue = {
    ...attempt.hold,
    delayMs,
    error: failure.toRunError(),
    reason: 'drained' as const,
    attempt: recordOf(attempt, 'superseded', failure),
  }
  // Its own signal has fired already. After a lease the run is another's, or the heartbeat gives it back.
  const patience = AbortSignal.timeout(tools.leases.lease)
  const events = await persist(() => requeueRun(tools.db, requeue), attempt, tools, patience)
  if (armed && events) await failpoint('requeue.committed', idsOf(attempt))
  givenBack(attempt, events, delayMs, tools)
  log(attempt, tools, events ? 'given back' : 'fenced', failure)
}

/** Without events it was fenced, or an answer was lost and it had been given back before: looking costs little. */
function givenBack(attempt: AttemptInProgress, events: SessionEvent[] | null, delayMs: number, tools: RunTools): void {
  if (events) tools.publish(events)
  if (delayMs > 0) tools.wakeLater(attempt.hold.runId, delayMs)
  else tools.wake(attempt.hold.runId)
}

async function end(
  attempt: AttemptInProgress,
  ending: Pick<RunEnd, 'status' | 'items' | 'events' | 'attempt'> &
    Partial<Pick<RunEnd, 'error' | 'usage' | 'state' | 'metadata' | 'memories'>>,
  tools: RunTools,
  signal: AbortSignal,
): Promise<void> {
  const { sessionId, runId, epoch } = attempt.hold
  const pending = await tools.outbox.settle(attempt.hold)
  if (signal.aborted) throw signal.reason
  const { status, items, error, usage, state, metadata, memories, attempt: record } = ending
  const whole: WorkerEnd = {
    sessionId,
    runId,
    right: { epoch },
    status,
    items,
    events: [...pending, ...ending.events],
    attempt: record,
    ...(error && { error }),
    ...(usage && { usage }),
    ...(state !== undefined && { state }),
    ...(metadata && { metadata }),
    ...(memories && { memories }),
  }
  if (armed) await failpoint('finish.before', { ...idsOf(attempt), status })
  const ended = await persist(() => tools.finishes.end(whole), attempt, tools, signal)
  if (ended.outcome !== 'ended') {
    // It was fenced, or an answer was lost and it had ended before: then the next in line is due.
    tools.wake(runId)
    return log(attempt, tools, ended.outcome)
  }
  if (armed) await failpoint('finish.committed', { ...idsOf(attempt), status })
  tools.publish(ended.events)
  if (ended.nextRunId) tools.wake(ended.nextRunId)
  log(attempt, tools, status)
}

function idsOf({ hold: { sessionId, runId } }: AttemptInProgress): { sessionId: string; runId: string } {
  return { sessionId, runId }
}
