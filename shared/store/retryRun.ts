import { newId } from '@shared/domain/ids'
import type { JsonObject } from '@shared/domain/json'
import { tunables } from '@shared/domain/tunables'
import { type AcceptOutcome, type StoredAcceptance, renderAccepted } from './acceptMessage.ts'
import { type IdempotencyKey, storedKey } from './idempotencyKey.ts'
import type { Database } from './pool.ts'
import { callFunction } from './query.ts'
import { uuid } from './render.ts'

export interface RunRetry {
  organizationId: string
  sessionId: string
  /** The run that is tried anew. */
  runId: string
  /** What it was begun with. */
  inputs: readonly JsonObject[]
  runType: string
  /** While earlier runs live: `enqueue` stands behind them. */
  onBusy: 'reject' | 'enqueue'
  metadata: JsonObject
  agentVersionId: string
  version: string
  idempotency?: IdempotencyKey
}

type Unretried = { outcome: 'not_last_run' } | { outcome: 'no_input' } | { outcome: 'moved' }
export type RetryOutcome = AcceptOutcome | Unretried

/**
 * Begins the last run of a session anew, in one transaction: a new run with the same inputs (`retryOf`); all that the old
 * one had made is hidden. `busy` while the old one lives; `no_input`: its agent app had begun it by itself; `moved`: it has
 * other inputs now, read them again. Refusals leave nothing behind.
 */
export async function retryRun(db: Database, retry: RunRetry): Promise<RetryOutcome> {
  const { sessionId, runId, inputs, idempotency, ...rest } = retry
  const organizationId = uuid('organization', retry.organizationId)
  const result = await callFunction<StoredAcceptance | Unretried>(db, 'retry_run_v1', {
    ...rest,
    organizationId,
    sessionId: uuid('session', sessionId),
    idempotency: idempotency ? storedKey(idempotency, organizationId) : null,
    retryOf: uuid('run', runId),
    runId: uuid('run', newId('run')),
    inputs: inputs.map((data) => ({ id: uuid('item', newId('item')), data })),
    agentVersionId: uuid('agentVersion', retry.agentVersionId),
    deadlineMs: tunables.runDeadline,
  })
  const { outcome } = result
  if (outcome === 'not_last_run' || outcome === 'no_input' || outcome === 'moved') return { outcome }
  return renderAccepted(result, sessionId)
}
