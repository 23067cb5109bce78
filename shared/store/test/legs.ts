import type { RunError, ToolCall } from '@shared/domain/objects'
import type { ClaimedRun } from '../claimRuns.ts'
import { type Push, type PushTarget, type PushedEnd, endExternalRun, pushToRun } from '../externalRuns.ts'
import { findOverdueRuns } from '../dueRuns.ts'
import { type ForcedEndOutcome, forceEndRun } from '../forceEndRun.ts'
import { type CallAnswer, type ResumeOutcome, resumeRun } from '../resumeRun.ts'
import { type Hold, type RunPause, handOverRun, pauseRun } from '../runTransitions.ts'
import { type TestEngine, bare, holdOf } from './testEngine.ts'

/** What tests say of runs that pause or go on outside. */

export const CALLS: ToolCall[] = [
  { callId: 'place', name: 'where_am_i', arguments: {} },
  { callId: 'order', name: 'buy', arguments: { count: 3 } },
]

/** Pauses a claimed run, with nothing made unless said otherwise; null when it was fenced. */
export function pause(engine: TestEngine, hold: Hold, pauseId: string, more: Partial<RunPause> = {}) {
  const { sessionId, runId, epoch } = hold
  const nothing = { items: [], events: [], attempt: { outcome: 'paused' as const } }
  return pauseRun(engine.db, {
    sessionId,
    runId,
    epoch,
    pauseId,
    toolCalls: CALLS,
    expiresMs: 60_000,
    ...nothing,
    ...more,
  })
}

export const ANSWERS: Record<string, CallAnswer> = { order: { approved: true }, place: { output: 'here' } }

/** Answers calls of a pause: all of them unless said otherwise. */
export function answer(
  engine: TestEngine,
  { sessionId, runId }: Pick<Hold, 'sessionId' | 'runId'>,
  pauseId: string,
  results = ANSWERS,
): Promise<ResumeOutcome> {
  return resumeRun(engine.db, { sessionId, runId, pauseId, results })
}

export function handOver(engine: TestEngine, hold: Hold): Promise<boolean> {
  return handOverRun(engine.db, hold, 60_000, { outcome: 'running' })
}

/** A claimed run that its agent app carries out from now on. */
export async function takeOutside(engine: TestEngine, sessionId: string): Promise<ClaimedRun> {
  const claimed = await engine.take((await engine.say(sessionId)).runId)
  if (!(await handOver(engine, holdOf(claimed)))) throw new Error('the run could not be handed over')
  return claimed
}

/** A run as its agent app names it: with its token, or (epoch null) with a key of the organization. */
export function targetOf(
  engine: TestEngine,
  hold: Pick<Hold, 'sessionId' | 'runId'>,
  epoch: number | null,
): PushTarget {
  return { organizationId: engine.organizationId, sessionId: hold.sessionId, runId: hold.runId, epoch }
}

export function push(engine: TestEngine, target: PushTarget, ...texts: string[]) {
  return pushToRun(engine.db, target, itemsOf(texts), 60_000)
}

export function endOutside(
  engine: TestEngine,
  target: PushTarget,
  end: PushedEnd = { status: 'completed' },
  ...texts: string[]
) {
  return endExternalRun(engine.db, target, itemsOf(texts), end, () => undefined)
}

function itemsOf(texts: string[]): Push {
  return { items: texts.map((content) => ({ content })) }
}

/** Makes a run overdue and ends it as the reconciler does, if it is found waiting for this. */
export async function expire(
  engine: TestEngine,
  { sessionId, runId }: Pick<Hold, 'sessionId' | 'runId'>,
  waitsFor: 'end' | 'resume' | 'push',
): Promise<ForcedEndOutcome['outcome']> {
  await engine.rows(`update runs set deadline_at = clock_timestamp() where id = $1`, bare(runId))
  const found = (await findOverdueRuns(engine.db, 1_000)).find((run) => run.runId === runId)
  if (found?.waitsFor !== waitsFor) return 'not_overdue'
  const error: RunError = { code: `no_${waitsFor}`, message: 'too late' }
  return (await forceEndRun(engine.db, { sessionId, runId, status: 'failed', error, onlyOverdue: true })).outcome
}
