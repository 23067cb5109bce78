import type { SendMessage } from '@shared/contracts/messages'
import { AgentViewError, notFound } from '@shared/domain/errors'
import { newId } from '@shared/domain/ids'
import type { JsonObject } from '@shared/domain/json'
import { tunables } from '@shared/domain/tunables'
import { armed, failpoint } from '@shared/failpoints/failpoint'
import { type AcceptOutcome, type NewMessage, acceptMessage, findAcceptance } from '@shared/store/acceptMessage'
import type { IdempotencyKey } from '@shared/store/idempotencyKey'
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
 *   sendMessage ─▶ the session (the caller's own) ─▶ its agent version ─▶ the agent's schema ─▶ the store
 *     by what is known ─▶ store/acceptTogether, with others that come just now: one statement, if nothing stands against it
 *     else by what is read anew ─▶ store/acceptMessage, which can refuse, merge and interrupt
 *     after the commit, never awaited: news for readers, a bell for workers
 */
export async function sendMessage(
  tools: IntakeTools,
  caller: Talker,
  sessionId: string,
  message: SendMessage,
  key: RequestKey,
): Promise<Accepted> {
  const accepted = await sendPlain(tools, caller, sessionId, message, key)
  if (accepted) return accepted
  const session = await findSession(tools.db, scopeOf(caller), sessionId)
  if (!session) throw notFound('session')
  return acceptOnce(tools, caller, key, async () => {
    const version = await versionForMessage(tools.db, session, message.version)
    return newMessage(caller, sessionId, version, message, message.metadata, key)
  })
}

/** Accepts a message of which nothing needs to be decided by what is in the database just now; else null. */
async function sendPlain(
  tools: IntakeTools,
  caller: Talker,
  sessionId: string,
  message: SendMessage,
  key: RequestKey,
): Promise<Accepted | null> {
  if (message.version !== undefined) return null
  const known = await tools.known.find(caller, sessionId)
  if (!known) return null
  const { session, active, version } = known
  const plain = unlessRefused(() => newMessage(caller, sessionId, version, message, message.metadata, key))
  if (plain && armed) await failpoint('accept.before', aboutOf(plain))
  const basis = { sessionVersion: session.version, activeVersionId: active.id }
  const taken = plain && (await tools.accepting.take({ ...plain, ...basis }))
  if (!taken) {
    tools.known.forget(known)
    return null
  }
  tools.known.movedOn(known)
  return say(tools, plain, taken)
}

/** What is refused by what is known may be allowed by now. */
function unlessRefused<Result>(prepare: () => Result): Result | null {
  try {
    return prepare()
  } catch (error) {
    if (error instanceof AgentViewError) return null
    throw error
  }
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
  if (armed) await failpoint('accept.before', aboutOf(message))
  return say(tools, message, await acceptMessage(tools.db, message))
}

/** The store has committed: says so, or refuses. */
async function say(tools: IntakeTools, message: NewMessage, result: AcceptOutcome): Promise<Accepted> {
  if (armed) await failpoint('accept.committed', aboutOf(message))
  const accepted = conclude(tools, result)
  if (armed) await failpoint('accept.rung', aboutOf(message))
  return accepted
}

const aboutOf = ({ sessionId, runId }: NewMessage) => ({ sessionId, runId })
