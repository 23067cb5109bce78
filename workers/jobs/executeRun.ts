import { createHash, randomBytes } from 'node:crypto'
import { retryDelay } from '@shared/domain/retry'
import { isRefusedStatement } from '@shared/store/connectionTrouble'
import { readHistory, readRunItems } from '@shared/store/history'
import type { ClaimedRun } from '@shared/store/runTransitions'
import { AgentFailure } from '@workers/agent/agentFailure'
import type { RunResult } from '@workers/agent/assembleRun'
import { buildRequest } from '@workers/agent/buildRequest'
import { callAgentApp } from '@workers/agent/callAgentApp'
import { signatureHeaders } from '@workers/agent/signRequest'
import { type AttemptInProgress, beginAttempt } from './attempt.ts'
import { checkOutput } from './checkOutput.ts'
import { concludeAborted, concludeCompleted, concludeFailed, concludeRetry, UNSTORABLE } from './concludeRun.ts'
import { RunAborted } from './runAborted.ts'
import type { RunTools } from './runTools.ts'

/**
 *   claimed run ─▶ prepareCall ─▶ streamAnswer ─▶ concludeCompleted
 *                                      │ AgentFailure ─▶ concludeRetry | concludeFailed
 *                                      └ RunAborted  ─▶ concludeAborted (gives back, or writes nothing when fenced)
 */

/** Carries one claimed run to the end of its attempt. Never rejects for what an agent app does. */
export async function executeRun(claimed: ClaimedRun, tools: RunTools, signal: AbortSignal): Promise<void> {
  const attempt = await beginAttempt(claimed, tools)
  try {
    const call = await prepareCall(attempt, tools, signal)
    const result = await streamAnswer(attempt, call, tools)
    await concludeCompleted(attempt, result, tools, signal)
  } catch (error) {
    const reason: unknown = signal.aborted ? signal.reason : error
    if (reason instanceof RunAborted && reason.reason !== 'refused') return concludeAborted(attempt, reason, tools)
    const failure = reason instanceof AgentFailure ? reason : unexpected(reason, tools, claimed)
    const policy = attempt.definition.policy.retries
    const delayMs = failure.retryable
      ? retryDelay(policy, claimed.run.failures + 1, Math.random(), failure.retryAfterMs)
      : null
    // A run that was broken off because of what it wrote still has to be ended.
    const rest = reason instanceof RunAborted ? new AbortController().signal : signal
    if (delayMs === null) await concludeFailed(attempt, failure, tools, rest)
    else await concludeRetry(attempt, failure, delayMs, tools, rest)
  }
}

async function prepareCall(attempt: AttemptInProgress, tools: RunTools, signal: AbortSignal) {
  const { run, session, inputs } = attempt.claimed
  const { url, policy } = attempt.definition
  const limits = policy.history
  const history = run.runNo === 1 ? [] : await readHistory(tools.db, session.id, run.runNo, limits.maxItems, limits.maxBytes)
  const runItems = run.leg === 0 ? [] : await readRunItems(tools.db, run.id)
  const { id, attempt: number, leg, type, metadata } = run
  const request = buildRequest(
    { run: { id, attempt: number, leg, type, metadata }, session, inputs, runItems, history },
    limits,
  )
  const body = JSON.stringify(request)
  attempt.request = { bytes: Buffer.byteLength(body), sha256: createHash('sha256').update(body).digest('hex') }
  const headers = {
    'content-type': 'application/json',
    accept: 'text/event-stream, application/x-ndjson, application/json',
    'agentview-run-id': id,
    'agentview-attempt': String(number),
    'idempotency-key': `${id}:${leg}`,
    traceparent: `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`,
    ...signatureHeaders(await tools.findSigningSecret(run.organizationId), `${id}.${number}`, body, new Date()),
  }
  return { url, headers, body, timeouts: policy.timeouts, signal }
}

/** Reads the answer frame by frame into the log; returns what the run made once `done` has come and it all fits. */
async function streamAnswer(
  attempt: AttemptInProgress,
  call: Parameters<typeof callAgentApp>[0],
  tools: RunTools,
): Promise<RunResult> {
  for await (const frame of callAgentApp(call, attempt.answer)) {
    if (frame.name === 'done') {
      const result = attempt.assembly.done()
      checkOutput(attempt.definition, attempt.claimed.run.type, result.items)
      return result
    }
    if (frame.name === 'version') attempt.reportedVersion = frame.data.version
    const events = attempt.assembly.take(frame)
    if (events.length > 0) {
      const first = attempt.firstDeltaAt === undefined
      attempt.firstDeltaAt ??= new Date()
      tools.outbox.add(attempt.hold, events, first)
    }
  }
  throw new Error('an answer ends with done or throws')
}

function unexpected(error: unknown, tools: RunTools, claimed: ClaimedRun): AgentFailure {
  tools.log.error(
    { err: error, runId: claimed.run.id, sessionId: claimed.session.id },
    'a run failed inside the worker',
  )
  if (error instanceof RunAborted || isRefusedStatement(error)) {
    return new AgentFailure(UNSTORABLE, 'What the agent app sent could not be stored.', { retryable: false })
  }
  return new AgentFailure('internal', 'The worker could not carry out the run.', { retryable: true })
}
