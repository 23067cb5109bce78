import { hash, randomUUID } from 'node:crypto'
import type { AgentDefinition, AgentPolicy } from '@shared/domain/agents'
import type { ClaimedRun } from '@shared/store/claimRuns'
import { readHistory, readRunItems } from '@shared/store/history'
import { readToldMemories } from '@shared/store/memories'
import { type RequestParts, buildRequest, tellEnough, writeRequest } from '@workers/agent/buildRequest'
import type { AgentCall } from '@workers/agent/callAgentApp'
import { agUiCall } from '@workers/agent/protocols/ag-ui/agUiCall'
import { openAiCall } from '@workers/agent/protocols/openai/openAiCall'
import { signatureHeaders } from '@workers/webhooks/signatureHeaders'
import type { AttemptInProgress } from './attempt.ts'
import { readForRun } from './runAborted.ts'
import type { RunTools } from './runTools.ts'

/** The call of an agent app, in the protocol that it speaks, with all that it needs. */
export async function prepareCall(
  attempt: AttemptInProgress,
  definition: AgentDefinition,
  tools: RunTools,
  signal: AbortSignal,
): Promise<AgentCall> {
  const { url, policy } = definition
  const { run, session, inputs, toolResults } = attempt.claimed
  const history = await historyOf(attempt.claimed, policy.history, tools)
  const runItems = run.leg === 0 ? [] : await readForRun(readRunItems(tools.db, run.id))
  const memories =
    attempt.claimed.memories === 0 ? [] : await readForRun(readToldMemories(tools.db, session.endUser.id))
  const { id, attempt: number, leg, type, metadata } = run
  const about = { id, attempt: number, leg, type, metadata }
  const parts = { run: about, session, inputs, runItems, toolResults, memories, history }
  const call = await inProtocol(parts, definition, attempt, tools)
  const { body } = call
  attempt.request = { bytes: Buffer.byteLength(body), sha256: hash('sha256', body, 'hex') }
  return { url, guard: tools.guard, ...call, timeouts: policy.timeouts, signal, now: attempt.now }
}

async function inProtocol(
  parts: RequestParts,
  { protocol, policy, openai, agUi }: AgentDefinition,
  attempt: AttemptInProgress,
  tools: RunTools,
): Promise<Pick<AgentCall, 'body' | 'headers' | 'format'>> {
  const limits = policy.history
  if (openai) return openAiCall(buildRequest(parts, limits), openai)
  if (protocol === 'ag-ui') {
    const { body, headers, format } = agUiCall(parts, limits, attempt.claimed.run.runNo, agUi ?? {})
    return { body, headers: { ...(await signedHeaders(body, attempt, tools)), ...headers }, format }
  }
  const body = writeRequest(parts, limits)
  const headers = {
    'content-type': 'application/json',
    accept: 'text/event-stream, application/x-ndjson, application/json',
    'agentview-run-token': tools.runTokenOf(attempt.claimed),
    ...(await signedHeaders(body, attempt, tools)),
  }
  return { body, headers }
}

/** Who calls, and for which attempt. */
async function signedHeaders(body: string, { claimed, now }: AttemptInProgress, tools: RunTools) {
  const { id, attempt: number, leg, organizationId } = claimed.run
  return {
    'agentview-run-id': id,
    'agentview-attempt': String(number),
    'idempotency-key': `${id}:${leg}`,
    traceparent: newTraceparent(),
    ...signatureHeaders([await tools.findSigningSecret(organizationId)], `${id}-${number}`, body, now()),
  }
}

async function historyOf({ run, session, history }: ClaimedRun, limits: AgentPolicy['history'], tools: RunTools) {
  if (run.runNo === 1) return []
  if (history && tellEnough(history, limits)) return history.items
  return readForRun(readHistory(tools.db, session.id, run.runNo, limits.maxItems, limits.maxBytes))
}

/** W3C Trace Context; node:crypto draws the random bytes of UUIDs for many at once. */
function newTraceparent(): string {
  const [trace, parent] = [randomUUID().replaceAll('-', ''), randomUUID().replaceAll('-', '')]
  return `00-${trace}-${parent.slice(-16)}-01`
}
