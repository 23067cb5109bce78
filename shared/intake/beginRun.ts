import { sayCommitted } from '@shared/broker/sayCommitted'
import type { BeginRun } from '@shared/contracts/messages'
import type { AgentDefinition } from '@shared/domain/agents'
import { AgentViewError, notFound } from '@shared/domain/errors'
import type { Run } from '@shared/domain/objects'
import { tunables } from '@shared/domain/tunables'
import { findBegunRun } from '@shared/store/acceptMessage'
import type { IdempotencyKey } from '@shared/store/idempotencyKey'
import { type NewExternalRun, beginExternalRun } from '@shared/store/externalRuns'
import { findRun } from '@shared/store/runs'
import { type SessionAccess, findSession } from '@shared/store/sessions'
import { sessionBusy } from './accepted.ts'
import { checkInput, versionForMessage } from './agentVersions.ts'
import { type Caller, scopeOf } from './caller.ts'
import { checkedPush, endOf, idleTimeoutOf, noOutput } from './checkPush.ts'
import { inputOf, refuseLarge } from './input.ts'
import type { IntakeTools } from './intakeTools.ts'
import { type RequestKey, keyOf, mismatch } from './requestKey.ts'
import { unlessAccepted } from './unlessAccepted.ts'

/** Makes a run that an agent app carries out by itself (or already has: with a status that ends it). */
export async function beginRun(
  tools: IntakeTools,
  caller: Extract<Caller, { kind: 'secret' }>,
  sessionId: string,
  request: BeginRun,
  key: RequestKey,
): Promise<{ run: Run; replayed: boolean }> {
  const session = await findSession(tools.db, scopeOf(caller), sessionId)
  if (!session) throw notFound('session')
  const idempotency = keyOf(caller, key)
  const prepare = () => prepareRun(tools, caller, session, request, idempotency)
  const find = (known: IdempotencyKey) => findBegunRun(tools.db, caller.organizationId, known)
  const prepared = await unlessAccepted(prepare, idempotency, find)
  const outcome = 'outcome' in prepared ? prepared : await beginExternalRun(tools.db, prepared)
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

async function prepareRun(
  tools: IntakeTools,
  caller: Extract<Caller, { kind: 'secret' }>,
  session: SessionAccess,
  request: BeginRun,
  idempotency: IdempotencyKey | undefined,
): Promise<NewExternalRun> {
  const version = await versionForMessage(tools.db, session, request.version)
  const input = request.input === undefined ? null : inputOf(request.input)
  const { definition } = version
  if (input) refuseLarge('/input', input, tunables.itemBytes)
  const type = input ? checkInput(version, request.runType, input) : runTypeOf(definition, request.runType)
  refuseLarge('/metadata', request.metadata ?? {}, tunables.metadataBytes)
  const end = endOf(request)
  const push = checkedPush(definition, type, { ...request, metadata: undefined }, end)
  if (end?.status === 'completed' && push.items.length === 0) throw noOutput()
  return {
    ...push,
    organizationId: caller.organizationId,
    sessionId: session.id,
    runType: type,
    input,
    runMetadata: request.metadata ?? {},
    agentVersionId: version.id,
    version: version.version,
    idleMs: idleTimeoutOf(definition, type),
    ...(idempotency && { idempotency }),
    end,
  }
}

function runTypeOf({ runs }: AgentDefinition, wanted: string | undefined): string {
  const type = wanted === undefined ? runs[0] : runs.find((run) => run.type === wanted)
  if (type) return type.type
  throw new AgentViewError('schema_violation', `The agent has no run type "${wanted}".`)
}
