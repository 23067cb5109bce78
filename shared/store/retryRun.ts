import { newId } from '@shared/domain/ids'
import type { JsonObject } from '@shared/domain/json'
import { tunables } from '@shared/domain/tunables'
import {
  type AcceptOutcome,
  type IdempotencyKey,
  type StoredAcceptance,
  renderAccepted,
  storedKey,
} from './acceptMessage.ts'
import type { Database } from './pool.ts'
import { callFunction } from './query.ts'
import { uuid } from './render.ts'
import { readInputs } from './runs.ts'

export interface RunRetry {
  organizationId: string
  sessionId: string
  /** The run that is tried anew. */
  runId: string
  runType: string
  /** While earlier runs live: `enqueue` stands behind them. */
  onBusy: 'reject' | 'enqueue'
  metadata: JsonObject
  agentVersionId: string
  version: string
  idempotency?: IdempotencyKey
}

type Unretried = { outcome: 'not_last_run' } | { outcome: 'no_input' }
export type RetryOutcome = AcceptOutcome | Unretried

/**
 * Begins the last run of a session anew, in one transaction: a new run with the same inputs (`retryOf`); all that the old
 * one had made is hidden. `busy` while the old one lives; `no_input`: its agent app had begun it by itself. Refusals leave
 * nothing behind.
 */
export async function retryRun(db: Database, retry: RunRetry): Promise<RetryOutcome> {
  const { sessionId, runId, idempotency, ...rest } = retry
  const organizationId = uuid('organization', retry.organizationId)
  for (;;) {
    // Of an ended run they never change; one that ends just now may have been joined by another message since.
    const inputs = await readInputs(db, runId)
    const result = await callFunction<StoredAcceptance | Unretried | { outcome: 'moved' }>(db, 'retry_run_v1', {
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
    if (result.outcome === 'not_last_run' || result.outcome === 'no_input') return result
    if (result.outcome !== 'moved') return renderAccepted(result, sessionId)
  }
}
