import { setTimeout as sleep } from 'node:timers/promises'
import { sayCommitted } from '@shared/broker/sayCommitted'
import type { PushRun } from '@shared/contracts/messages'
import { findMetadataFault } from '@shared/contracts/sessionMetadata'
import { AgentViewError, notFound } from '@shared/domain/errors'
import type { JsonObject } from '@shared/domain/json'
import type { Run } from '@shared/domain/objects'
import { isEnded } from '@shared/domain/runStates'
import { tunables } from '@shared/domain/tunables'
import { findVersion } from '@shared/store/agents'
import {
  type ExternalEndOutcome,
  type PushOutcome,
  type PushTarget,
  type PushedEnd,
  endExternalRun,
  pushToRun,
  readMetadataToCome,
} from '@shared/store/externalRuns'
import { findRun } from '@shared/store/runs'
import { findSession } from '@shared/store/sessions'
import { type Caller, scopeOf } from './caller.ts'
import { checkedPush, endOf, idleTimeoutOf, noOutput, refuseMisfit } from './checkPush.ts'
import { refuseLarge } from './input.ts'
import type { IntakeTools } from './intakeTools.ts'
import { type RequestKey, keyOf, mismatch } from './requestKey.ts'

/** Who may push: the customer's server, or an agent app with its run's token. */
export type Pusher = Extract<Caller, { kind: 'secret' | 'run' }>

/** Adds to a run that its agent app carries out by itself, or ends it; renews its lease in any case. */
export async function pushRun(
  tools: IntakeTools,
  caller: Pusher,
  runId: string,
  request: PushRun,
  key: RequestKey,
): Promise<{ run: Run; replayed: boolean }> {
  const { run, target, version } = await pushTarget(tools, caller, runId)
  const { definition } = version
  if (request.metadata) {
    refuseLarge('/metadata', request.metadata, tunables.metadataBytes)
    const details = findMetadataFault(definition, await readMetadataToCome(tools.db, runId), request.metadata)
    if (details) throw new AgentViewError('schema_violation', 'The session may not have this metadata.', { details })
  }
  const end = endOf(request)
  const push = checkedPush(definition, run.type, request, end)
  const fitsAsOutput = (data: JsonObject) => refuseMisfit(definition, run.type, [{ kind: 'output', data }])
  const outcome = await onceHandedOver<PushOutcome | ExternalEndOutcome>(run, async () =>
    end
      ? endExternalRun(tools.db, target, push, end, fitsAsOutput)
      : pushToRun(tools.db, target, push, idleTimeoutOf(definition, run.type), keyOf(caller, key)),
  )
  const next = outcome.outcome === 'ended' ? outcome.nextRunId : null
  if ('events' in outcome) sayCommitted(tools.broker, tools.log, outcome.events, next ? [next] : [])
  const now = await readRun(tools, caller, runId)
  switch (outcome.outcome) {
    case 'pushed':
    case 'ended':
    case 'replayed':
      break
    case 'already_ended':
      // Whoever lost the answer asks again.
      if (!end || !isSameEnd(now, end)) throw runEnded()
      break
    case 'run_ended':
    case 'fenced':
    case 'moved':
      throw caller.kind === 'run' || isEnded(now.status) ? runEnded() : notExternal()
    case 'not_external':
      throw notExternal()
    case 'mismatch':
      throw mismatch()
    case 'no_output':
      throw noOutput()
    case 'too_many_items':
      throw new AgentViewError('payload_too_large', `A run has ${tunables.agentAnswerItems} items at most.`)
    case 'too_many_bytes':
      throw new AgentViewError('payload_too_large', `A run has ${tunables.agentAnswerBytes} bytes of items at most.`)
    case 'absent':
      throw notFound('run')
  }
  return { run: now, replayed: key !== null && outcome.outcome !== 'pushed' && outcome.outcome !== 'ended' }
}

/** Only says that the agent app still works on its run. */
export async function keepRunAlive(tools: IntakeTools, caller: Pusher, runId: string): Promise<Run> {
  const { run } = await pushRun(tools, caller, runId, {}, null)
  return run
}

/** A run that has ended as its agent app wants it to end now. */
function isSameEnd(run: Run, { status, error }: PushedEnd): boolean {
  return run.status === status && run.error?.code === error?.code && run.error?.message === error?.message
}

async function pushTarget(tools: IntakeTools, caller: Pusher, runId: string) {
  if (caller.kind === 'run' && caller.runId !== runId) throw notFound('run')
  const run = await readRun(tools, caller, runId)
  const session = await findSession(tools.db, scopeOf(caller), run.sessionId)
  const version = session && (await findVersion(tools.db, session.agentId, run.version))
  if (!version) throw notFound('run')
  const target: PushTarget = {
    organizationId: caller.organizationId,
    sessionId: run.sessionId,
    runId,
    epoch: caller.kind === 'run' ? caller.epoch : null,
  }
  return { run, target, version }
}

async function readRun(tools: IntakeTools, caller: Pusher, runId: string): Promise<Run> {
  const run = await findRun(tools.db, scopeOf(caller), runId)
  if (!run) throw notFound('run')
  return run
}

const LOOK_AGAIN_MS = 50

/** An agent app may push before the worker has read its 202: that is waited for. */
async function onceHandedOver<Outcome extends { outcome: string }>(
  { status }: Run,
  push: () => Promise<Outcome>,
): Promise<Outcome> {
  const until = performance.now() + (status === 'running' ? tunables.handOver : 0)
  for (;;) {
    const outcome = await push()
    if (outcome.outcome !== 'not_external' || performance.now() > until) return outcome
    await sleep(LOOK_AGAIN_MS)
  }
}

function notExternal(): AgentViewError {
  return new AgentViewError(
    'not_external',
    'No agent app carries this run out by itself: answer its call with 202 before you push to it.',
  )
}

function runEnded(): AgentViewError {
  return new AgentViewError(
    'run_ended',
    'The run has ended, or its token is of an earlier attempt: nothing more is taken.',
  )
}
