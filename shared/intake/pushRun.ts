import { setTimeout as sleep } from 'node:timers/promises'
import { sayCommitted } from '@shared/broker/sayCommitted'
import { findItemFault } from '@shared/contracts/checkItems'
import type { BeginRun, PushRun } from '@shared/contracts/messages'
import { findMetadataFault } from '@shared/contracts/sessionMetadata'
import type { AgentDefinition } from '@shared/domain/agents'
import { AgentViewError, notFound } from '@shared/domain/errors'
import type { JsonObject } from '@shared/domain/json'
import type { ItemKind, Run, RunError } from '@shared/domain/objects'
import { isEnded } from '@shared/domain/runStates'
import { tunables } from '@shared/domain/tunables'
import { findVersion } from '@shared/store/agents'
import {
  type ExternalEndOutcome,
  type Push,
  type PushOutcome,
  type PushTarget,
  type PushedEnd,
  beginExternalRun,
  endExternalRun,
  pushToRun,
  readMetadataToCome,
} from '@shared/store/externalRuns'
import { findRun } from '@shared/store/runs'
import { findSession } from '@shared/store/sessions'
import { checkInput, versionForMessage } from './agentVersions.ts'
import { type Caller, scopeOf } from './caller.ts'
import { type IntakeTools, type RequestKey, inputOf, keyOf, mismatch, refuseLarge, sessionBusy } from './sendMessage.ts'

/** Who may push: the customer's server, or an agent app with its run's token. */
export type Pusher = Extract<Caller, { kind: 'secret' | 'run' }>

/** Makes a run that an agent app carries out by itself (or already has: with a status that ends it). */
export async function beginRun(
  tools: IntakeTools,
  caller: Extract<Pusher, { kind: 'secret' }>,
  sessionId: string,
  request: BeginRun,
  key: RequestKey,
): Promise<{ run: Run; replayed: boolean }> {
  const session = await findSession(tools.db, scopeOf(caller), sessionId)
  if (!session) throw notFound('session')
  const version = await versionForMessage(tools.db, session, request.version)
  const input = request.input === undefined ? null : inputOf(request.input)
  const { definition } = version
  const type = input ? checkInput(version, request.runType, input) : runTypeOf(definition, request.runType)
  if (input) refuseLarge('/input', input, tunables.itemBytes)
  refuseLarge('/metadata', request.metadata ?? {}, tunables.metadataBytes)
  const end = endOf(request)
  const push = checkedPush(definition, type, { ...request, metadata: undefined }, end)
  if (end?.status === 'completed' && push.items.length === 0) throw noOutput()
  const idempotency = keyOf(caller, key)
  const outcome = await beginExternalRun(tools.db, {
    ...push,
    organizationId: caller.organizationId,
    sessionId,
    runType: type,
    input,
    runMetadata: request.metadata ?? {},
    agentVersionId: version.id,
    version: version.version,
    idleMs: idleTimeoutOf(definition, type),
    ...(idempotency && { idempotency }),
    end,
  })
  switch (outcome.outcome) {
    case 'accepted':
      sayCommitted(tools.broker, tools.log, outcome.events, outcome.nextRunId ? [outcome.nextRunId] : [])
      break
    case 'replayed':
      break
    case 'busy':
      throw sessionBusy(outcome.activeRunId)
    case 'mismatch':
      throw mismatch()
    case 'absent':
      throw notFound('session')
  }
  const run = await findRun(tools.db, scopeOf(caller), outcome.runId)
  if (!run) throw notFound('run')
  return { run, replayed: outcome.outcome === 'replayed' }
}

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

function endOf({ status, error }: Pick<PushRun, 'status' | 'error'>): PushedEnd | null {
  if (error && status !== 'failed')
    throw new AgentViewError('invalid_request', 'An error goes with status "failed" only.')
  if (status === undefined || status === 'running') return null
  const failure: RunError = error ?? { code: 'agent_error', message: 'The agent app ended the run as failed.' }
  return { status, ...(status === 'failed' && { error: failure }) }
}

function checkedPush(
  definition: AgentDefinition,
  runType: string,
  {
    items = [],
    state,
    metadata,
    usage,
  }: Pick<PushRun, 'items' | 'state' | 'usage'> & { metadata?: JsonObject | undefined },
  end: PushedEnd | null,
): Push {
  const last = items.length - 1
  const kindOf = (index: number): ItemKind => (end?.status === 'completed' && index === last ? 'output' : 'step')
  refuseMisfit(
    definition,
    runType,
    items.map((data, index) => ({ kind: kindOf(index), data })),
  )
  for (const [index, item] of items.entries()) refuseLarge(`/items/${index}`, item, tunables.itemBytes)
  if (state !== undefined) refuseLarge('/state', state, tunables.itemBytes)
  return { items, ...(state !== undefined && { state }), ...(metadata && { metadata }), ...(usage && { usage }) }
}

function refuseMisfit(
  definition: AgentDefinition,
  runType: string,
  items: { kind: ItemKind; data: JsonObject }[],
): void {
  const fault = findItemFault(definition, runType, items)
  if (!fault) return
  throw new AgentViewError('schema_violation', 'An item does not fit the schema of this agent.', {
    details: fault.details,
  })
}

function runTypeOf({ runs }: AgentDefinition, wanted: string | undefined): string {
  const type = wanted === undefined ? runs[0] : runs.find((run) => run.type === wanted)
  if (type) return type.type
  throw new AgentViewError('schema_violation', `The agent has no run type "${wanted}".`)
}

function idleTimeoutOf({ runs }: AgentDefinition, runType: string): number {
  return runs.find((run) => run.type === runType)?.idleTimeout ?? tunables.externalIdle
}

function noOutput(): AgentViewError {
  return new AgentViewError('invalid_request', 'A completed run needs an item: the last one is its output.')
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
