import { type AgentDefinition, DEFAULT_POLICY } from '@shared/domain/agents'
import { retryDelay } from '@shared/domain/retry'
import { parseVersion, reportedMajor } from '@shared/domain/versions'
import { isRefusedStatement } from '@shared/store/connectionTrouble'
import type { ClaimedRun } from '@shared/store/claimRuns'
import type { ToolCall } from '@shared/domain/objects'
import { AgentFailure, invalidOutput } from '@workers/agent/agentFailure'
import { jsonBytes, refuseLarge } from '@workers/agent/answerLimits'
import type { MakingFrame, RunResult } from '@workers/agent/assembleRun'
import { type AgentCall, callAgentApp } from '@workers/agent/callAgentApp'
import { type AttemptInProgress, beginAttempt } from './attempt.ts'
import { checkMetadata, checkOutput } from './checkOutput.ts'
import { concludeAborted, concludeCompleted, concludeFailed, concludeRetry, UNSTORABLE } from './concludeRun.ts'
import { concludeHandedOver, concludePaused } from './concludeLeg.ts'
import { prepareCall } from './prepareCall.ts'
import { RunAborted } from './runAborted.ts'
import type { RunTools } from './runTools.ts'

/**
 *   claimed run ─▶ prepareCall ─▶ streamAnswer ─▶ concludeCompleted | concludePaused | concludeHandedOver
 *                                      │ AgentFailure ─▶ concludeRetry | concludeFailed
 *                                      └ RunAborted  ─▶ concludeAborted (gives back, or writes nothing when fenced)
 */

const NEVER = new AbortController().signal

/** Carries one claimed run to the end of its attempt. Never rejects for what an agent app does. */
export async function executeRun(claimed: ClaimedRun, tools: RunTools, signal: AbortSignal): Promise<void> {
  const attempt = beginAttempt(claimed)
  try {
    await carryOut(attempt, tools, signal)
  } catch (error) {
    const refused = error instanceof RunAborted ? error.reason === 'refused' : isRefusedStatement(error)
    if (error instanceof RunAborted && !refused) return concludeAborted(attempt, error, tools)
    if (!refused) throw error
    tools.log.error({ err: error, ...attempt.hold }, 'Postgres refuses what a run wants to write')
    const failure = new AgentFailure(UNSTORABLE, 'What the agent app sent could not be stored.', { retryable: false })
    // Its signal may have fired because of what it wrote; it still has to be ended.
    await concludeFailed(attempt, failure, tools, NEVER)
  }
}

/** Throws RunAborted when it was broken off, and what Postgres refuses. */
async function carryOut(attempt: AttemptInProgress, tools: RunTools, signal: AbortSignal): Promise<void> {
  let { retries } = DEFAULT_POLICY
  try {
    const { definition } = await tools.findVersion(attempt.claimed.run.agentVersionId)
    retries = definition.policy.retries
    const call = await prepareCall(attempt, definition, tools, signal)
    const answer = await streamAnswer(attempt, definition, call, tools)
    if (answer.kind === 'done') await concludeCompleted(attempt, answer.result, tools, signal)
    else if (answer.kind === 'pause') await concludePaused(attempt, answer, definition, tools, signal)
    else await concludeHandedOver(attempt, definition, tools, signal)
  } catch (error) {
    const reason: unknown = signal.aborted ? signal.reason : error
    const faulty = reason instanceof RunAborted && reason.reason === 'faulty'
    if (!faulty && (reason instanceof RunAborted || isRefusedStatement(reason))) throw reason
    // Its signal has fired for a fault of ours; it still has to be ended, or else it would be taken up for ever.
    const patience = faulty ? NEVER : signal
    const failure = reason instanceof AgentFailure ? reason : unexpected(reason, attempt, tools)
    const failures = attempt.claimed.run.failures + 1
    const delayMs = failure.retryable ? retryDelay(retries, failures, Math.random(), failure.retryAfterMs) : null
    if (delayMs === null) await concludeFailed(attempt, failure, tools, patience)
    else await concludeRetry(attempt, failure, delayMs, tools, patience)
  }
}

/** How an answer ended well. */
type Answer =
  { kind: 'done'; result: RunResult } | { kind: 'pause'; result: RunResult; toolCalls: ToolCall[] } | { kind: 'goesOn' }

/** Reads the answer frame by frame into the log; returns what the leg made once it has ended and all of it fits. */
async function streamAnswer(
  attempt: AttemptInProgress,
  definition: AgentDefinition,
  call: AgentCall,
  tools: RunTools,
): Promise<Answer> {
  const end = await callAgentApp(call, attempt.answer, (frame) => takeFrame(attempt, definition, frame, tools))
  if (end.name === 'goesOn') return { kind: 'goesOn' }
  const result = end.name === 'done' ? attempt.assembly.done(call.format?.isOutput) : attempt.assembly.pause()
  checkOutput(definition, attempt.claimed.run.type, result.items)
  if (result.metadata) checkMetadata(definition, attempt.claimed.session.metadata, result.metadata)
  return end.name === 'done'
    ? { kind: 'done', result }
    : { kind: 'pause', result, toolCalls: soundCalls(end.data.toolCalls) }
}

function takeFrame(attempt: AttemptInProgress, definition: AgentDefinition, frame: MakingFrame, tools: RunTools): void {
  if (frame.name === 'version') takeVersion(attempt, definition, frame.data.version)
  const events = attempt.assembly.take(frame)
  if (events.length === 0) return
  const first = attempt.firstDeltaAt === undefined
  attempt.firstDeltaAt ??= attempt.now()
  tools.outbox.add(attempt.hold, events, first)
}

/** Kept with the attempt. An app of another major has changed in ways that this definition knows nothing of. */
function takeVersion(attempt: AttemptInProgress, { version }: AgentDefinition, reported: string): void {
  attempt.reportedVersion = reported
  const major = reportedMajor(reported)
  if (major === null || major === parseVersion(version)?.major) return
  const text = `The agent app says that it is version ${reported}; this run goes by version ${version}.`
  throw new AgentFailure('version_incompatible', text, { retryable: false })
}

/** Answers are told apart by callId, and the calls stand in each event of the paused run. */
function soundCalls(toolCalls: ToolCall[]): ToolCall[] {
  refuseLarge('calls of a pause', jsonBytes(toolCalls.map((call) => ({ ...call }))))
  if (new Set(toolCalls.map((call) => call.callId)).size === toolCalls.length) return toolCalls
  throw invalidOutput('The agent app paused with two calls of the same callId.')
}

function unexpected(error: unknown, attempt: AttemptInProgress, tools: RunTools): AgentFailure {
  tools.log.error({ err: error, ...attempt.hold }, 'a run failed inside the worker')
  return new AgentFailure('internal', 'The worker could not carry out the run.', { retryable: true })
}
