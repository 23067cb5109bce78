import type { SessionEvent } from '@shared/domain/events'
import type { Json } from '@shared/domain/json'
import { tunables } from '@shared/domain/tunables'
import type { Database } from './pool.ts'
import { callFunction } from './query.ts'
import { uuid } from './render.ts'
import { type WrittenPart, renderWritten } from './storeEvents.ts'

/** The answer to one call of a pause: a tool's result, or a person's decision. */
export type CallAnswer = { output: Json; isError?: boolean } | { approved: boolean; reason?: string }

export type ResumeOutcome =
  | { outcome: 'resumed'; events: SessionEvent[] }
  /** `waiting`: kept, and other calls are open; or the same had been answered before. */
  | { outcome: 'waiting' | 'not_paused' | 'already_resolved' | 'absent' }
  | { outcome: 'unknown_call'; callId: string }

/**
 * Answers calls of a pause, by callId. Once all are answered the run goes back to the queue for its next leg. The same
 * answer again changes nothing, another one is refused.
 */
export async function resumeRun(
  db: Database,
  resume: { sessionId: string; runId: string; pauseId: string; results: Record<string, CallAnswer> },
): Promise<ResumeOutcome> {
  const { sessionId, runId, pauseId, results } = resume
  const result = await callFunction<
    ({ outcome: 'resumed' } & WrittenPart) | Exclude<ResumeOutcome, { outcome: 'resumed' }>
  >(db, 'resume_run_v1', {
    sessionId: uuid('session', sessionId),
    runId: uuid('run', runId),
    pauseId,
    results,
    deadlineMs: tunables.runDeadline,
  })
  if (result.outcome !== 'resumed') return result
  return { outcome: 'resumed', events: renderWritten(result, sessionId, uuid('run', runId), null) }
}
