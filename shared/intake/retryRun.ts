import { AgentViewError, notFound } from '@shared/domain/errors'
import type { Run } from '@shared/domain/objects'
import { findAcceptance } from '@shared/store/acceptMessage'
import type { IdempotencyKey } from '@shared/store/idempotencyKey'
import { type RetryOutcome, type RunRetry, retryRun as retry } from '@shared/store/retryRun'
import { findRun, readInputs } from '@shared/store/runs'
import { findSession } from '@shared/store/sessions'
import { checkInput, versionForMessage } from './agentVersions.ts'
import { type Talker, scopeOf } from './caller.ts'
import { type Accepted, conclude } from './accepted.ts'
import type { IntakeTools } from './intakeTools.ts'
import { type RequestKey, keyOf } from './requestKey.ts'
import { unlessAccepted } from './unlessAccepted.ts'

/** Begins the last run of a session anew, with the same input and the version that a new message would get. */
export async function retryRun(tools: IntakeTools, caller: Talker, runId: string, key: RequestKey): Promise<Accepted> {
  const run = await findRun(tools.db, scopeOf(caller), runId)
  if (!run) throw notFound('run')
  const find = (known: IdempotencyKey) => findAcceptance(tools.db, caller.organizationId, known)
  for (;;) {
    const prepared = await unlessAccepted(() => prepareRetry(tools, caller, run, key), keyOf(caller, key), find)
    const outcome = 'outcome' in prepared ? prepared : await retry(tools.db, prepared)
    // Moved: a message had joined the run since its inputs were read.
    if (outcome.outcome !== 'moved') return concludeRetry(tools, outcome)
  }
}

function concludeRetry(tools: IntakeTools, outcome: Exclude<RetryOutcome, { outcome: 'moved' }>): Accepted {
  if (outcome.outcome === 'not_last_run') {
    throw new AgentViewError(
      'not_last_run',
      'Only the last run of a session can be tried anew: send a new message instead.',
    )
  }
  if (outcome.outcome === 'no_input') {
    throw new AgentViewError(
      'no_input',
      'An agent app has begun this run by itself, without an input to begin it anew.',
    )
  }
  return conclude(tools, outcome)
}

async function prepareRetry(tools: IntakeTools, caller: Talker, run: Run, key: RequestKey): Promise<RunRetry> {
  const session = await findSession(tools.db, scopeOf(caller), run.sessionId)
  if (!session) throw notFound('run')
  const version = await versionForMessage(tools.db, session, undefined)
  // Of an ended run they never change; the retry of a live one is refused.
  const inputs = await readInputs(tools.db, run.id)
  for (const input of inputs) checkInput(version, run.type, input)
  const idempotency = keyOf(caller, key)
  return {
    organizationId: caller.organizationId,
    sessionId: run.sessionId,
    runId: run.id,
    inputs,
    runType: run.type,
    onBusy: version.definition.policy.onBusy === 'reject' ? 'reject' : 'enqueue',
    metadata: run.metadata,
    agentVersionId: version.id,
    version: version.version,
    ...(idempotency && { idempotency }),
  }
}
