import type { SendMessage } from '@shared/contracts/messages'
import { AgentViewError, notFound } from '@shared/domain/errors'
import { newId } from '@shared/domain/ids'
import type { JsonObject } from '@shared/domain/json'
import { tunables } from '@shared/domain/tunables'
import { armed, failpoint } from '@shared/failpoints/failpoint'
import { type IdempotencyKey, type NewMessage, acceptMessage, findAcceptance } from '@shared/store/acceptMessage'
import type { AgentVersion } from '@shared/store/agents'
import { findSession } from '@shared/store/sessions'
import { type Accepted, conclude } from './accepted.ts'
import { checkInput, versionForMessage } from './agentVersions.ts'
import { type Talker, scopeOf } from './caller.ts'
import { inputOf, refuseLarge } from './input.ts'
import type { IntakeTools } from './intakeTools.ts'
import { type RequestKey, keyOf } from './requestKey.ts'
import { unlessAccepted } from './unlessAccepted.ts'

/**
 *   sendMessage ─▶ the session (the caller's own) ─▶ its agent version ─▶ the agent's schema ─▶ store/acceptMessage
 *     after the commit, never awaited: news for readers, a bell for workers
 */
export async function sendMessage(
  tools: IntakeTools,
  caller: Talker,
  sessionId: string,
  message: SendMessage,
  key: RequestKey,
): Promise<Accepted> {
  const session = await findSession(tools.db, scopeOf(caller), sessionId)
  if (!session) throw notFound('session')
  return acceptOnce(tools, caller, key, async () => {
    const version = await versionForMessage(tools.db, session, message.version)
    return newMessage(caller, sessionId, version, message, message.metadata, key)
  })
}

/** A message as the store takes it; refuses what the agent's schema or a cap doesn't allow. */
export function newMessage(
  caller: Talker,
  sessionId: string,
  version: AgentVersion,
  message: SendMessage,
  metadata: JsonObject | undefined,
  key: RequestKey,
): NewMessage {
  const input = inputOf(message.input)
  const onBusy = message.onBusy ?? version.definition.policy.onBusy
  if (message.debounceMs !== undefined && onBusy !== 'merge') {
    throw new AgentViewError('invalid_request', 'debounceMs goes with onBusy "merge" only.', {
      details: [{ path: '/debounceMs', message: 'goes with onBusy "merge" only' }],
    })
  }
  refuseLarge('/input', input, tunables.itemBytes)
  refuseLarge('/metadata', metadata ?? {}, tunables.metadataBytes)
  const idempotency = keyOf(caller, key)
  return {
    organizationId: caller.organizationId,
    sessionId,
    ...(idempotency && { idempotency }),
    runId: newId('run'),
    itemId: newId('item'),
    runType: checkInput(version, message.runType, input),
    input,
    metadata: metadata ?? {},
    onBusy,
    ...(message.debounceMs !== undefined && { debounceMs: message.debounceMs }),
    priority: 0,
    agentVersionId: version.id,
    version: version.version,
  }
}

/** Accepts what `prepare` makes of a request, once for each key. */
export async function acceptOnce(
  tools: IntakeTools,
  caller: Talker,
  key: RequestKey,
  prepare: () => Promise<NewMessage>,
): Promise<Accepted> {
  const find = (known: IdempotencyKey) => findAcceptance(tools.db, caller.organizationId, known)
  const message = await unlessAccepted(prepare, keyOf(caller, key), find)
  return 'outcome' in message ? conclude(tools, message) : accept(tools, message)
}

async function accept(tools: IntakeTools, message: NewMessage): Promise<Accepted> {
  const about = { sessionId: message.sessionId, runId: message.runId }
  if (armed) await failpoint('accept.before', about)
  const result = await acceptMessage(tools.db, message)
  if (armed) await failpoint('accept.committed', about)
  const accepted = conclude(tools, result)
  if (armed) await failpoint('accept.rung', about)
  return accepted
}
