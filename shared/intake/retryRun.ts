import { AgentViewError, notFound } from '@shared/domain/errors'
import { retryRun as retry } from '@shared/store/retryRun'
import { findRun } from '@shared/store/runs'
import { findSession } from '@shared/store/sessions'
import { versionForMessage } from './agentVersions.ts'
import { type Talker, scopeOf } from './caller.ts'
import { type Accepted, type IntakeTools, type RequestKey, conclude, keyOf } from './sendMessage.ts'

/** Begins the last run of a session anew, with the same input and the version that a new message would get. */
export async function retryRun(tools: IntakeTools, caller: Talker, runId: string, key: RequestKey): Promise<Accepted> {
  const run = await findRun(tools.db, scopeOf(caller), runId)
  const session = run && (await findSession(tools.db, scopeOf(caller), run.sessionId))
  if (!run || !session) throw notFound('run')
  const version = await versionForMessage(tools.db, session, undefined)
  const idempotency = keyOf(caller, key)
  const outcome = await retry(tools.db, {
    organizationId: caller.organizationId,
    sessionId: run.sessionId,
    runId,
    runType: run.type,
    onBusy: version.definition.policy.onBusy === 'reject' ? 'reject' : 'enqueue',
    metadata: run.metadata,
    agentVersionId: version.id,
    version: version.version,
    ...(idempotency && { idempotency }),
  })
  if (outcome.outcome === 'not_last_run') {
    throw new AgentViewError(
      'not_last_run',
      'Only the last run of a session can be tried anew: send a new message instead.',
    )
  }
  if (outcome.outcome === 'no_input') {
    throw new AgentViewError('invalid_request', 'The run has no input to try anew: its agent app began it by itself.')
  }
  return conclude(tools, outcome)
}
