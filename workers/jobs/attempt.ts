import { clockFrom } from '@shared/domain/clockFrom'
import type { ClaimedRun } from '@shared/store/claimRuns'
import type { AttemptRecord, Hold } from '@shared/store/runTransitions'
import type { AgentFailure } from '@workers/agent/agentFailure'
import { type RunAssembly, assembleRun } from '@workers/agent/assembleRun'
import { type AnswerRecord, keptOf, newAnswerRecord } from '@workers/agent/answerRecord'

/** What was sent and what came, while an attempt runs; becomes its record. */
export interface AttemptInProgress {
  claimed: ClaimedRun
  hold: Hold
  assembly: RunAssembly
  answer: AnswerRecord
  /** The time by Postgres' clock. */
  now: () => Date
  request?: { bytes: number; sha256: string }
  firstDeltaAt?: Date
  reportedVersion?: string
}

export function beginAttempt(claimed: ClaimedRun): AttemptInProgress {
  const { run, session } = claimed
  const [claim] = claimed.events
  if (!claim) throw new Error('a claim is an event')
  const now = clockFrom(new Date(claim.at))
  return {
    claimed,
    hold: { sessionId: session.id, runId: run.id, epoch: run.epoch, attempt: run.attempt },
    assembly: assembleRun({
      sessionId: session.id,
      runId: run.id,
      runNo: run.runNo,
      firstItemNo: run.nextItemNo,
      now,
    }),
    answer: newAnswerRecord(),
    now,
  }
}

/** An attempt's record for people who ask later. */
export function recordOf(
  attempt: AttemptInProgress,
  outcome: AttemptRecord['outcome'],
  failure?: AgentFailure,
): AttemptRecord {
  const { answer, request, firstDeltaAt, reportedVersion } = attempt
  return {
    outcome,
    ...(failure && { error: failure.toRunError() }),
    ...(reportedVersion !== undefined && { reportedVersion }),
    ...(answer.firstByteAt && { firstByteAt: answer.firstByteAt.toISOString() }),
    ...(firstDeltaAt && { firstDeltaAt: firstDeltaAt.toISOString() }),
    ...(request && { requestBytes: request.bytes, requestSha256: request.sha256 }),
    ...(answer.status !== undefined && {
      responseStatus: answer.status,
      responseBytes: answer.bytes,
      responseTruncated: answer.bytes > answer.keptBytes,
      responseBody: keptOf(answer).toString('base64'),
    }),
  }
}
