import type { BeginSession, CreateSession } from '@shared/contracts/messages'
import { AgentViewError, notFound } from '@shared/domain/errors'
import { newId } from '@shared/domain/ids'
import type { JsonObject } from '@shared/domain/json'
import { tunables } from '@shared/domain/tunables'
import { createSession, findCreatedSession } from '@shared/store/acceptMessage'
import type { IdempotencyKey } from '@shared/store/idempotencyKey'
import type { AgentVersion } from '@shared/store/agents'
import { findEndUser } from '@shared/store/endUsers'
import type { Accepted } from './accepted.ts'
import { agentByName, checkSessionMetadata } from './agentVersions.ts'
import type { Talker } from './caller.ts'
import { refuseLarge } from './input.ts'
import type { IntakeTools } from './intakeTools.ts'
import { type RequestKey, keyOf, mismatch } from './requestKey.ts'
import { acceptOnce, newMessage } from './sendMessage.ts'
import { unlessAccepted } from './unlessAccepted.ts'

/** What an adapter of another protocol sets of a new session and its first run: no request can. */
export interface OwnBeginning {
  sessionId: string
  runMetadata: JsonObject
}

/** A new session with its first message. `metadata` is the session's. */
export async function beginSession(
  tools: IntakeTools,
  caller: Talker,
  message: BeginSession,
  key: RequestKey,
  own?: OwnBeginning,
): Promise<Accepted> {
  return acceptOnce(tools, caller, key, () => newBeginning(lookups(tools, caller), caller, message, key, own))
}

/** What has to be looked up before a session is begun. */
export interface Lookups {
  agent(name: string): Promise<AgentVersion>
  hasEndUser(id: string): Promise<boolean>
}

function lookups({ db }: IntakeTools, { organizationId }: Talker): Lookups {
  return {
    agent: (name) => agentByName(db, organizationId, name),
    hasEndUser: async (id) => (await findEndUser(db, organizationId, id)) !== null,
  }
}

/** A message that begins a session, as the store takes it; refuses what the agent's schemas or a cap don't allow. */
export async function newBeginning(
  look: Lookups,
  caller: Talker,
  message: BeginSession,
  key: RequestKey,
  own: OwnBeginning = { sessionId: newId('session'), runMetadata: {} },
) {
  const version = await look.agent(message.agent)
  if (message.version !== undefined && message.version !== version.version) {
    const text = `A new session begins with the active version ${version.version}.`
    throw new AgentViewError('version_incompatible', text)
  }
  const { sessionId, runMetadata } = own
  const newSession = await sessionFor(look, caller, version, sessionId, message)
  return { ...newMessage(caller, sessionId, version, message, runMetadata, key), newSession }
}

/** A session without a message. */
export async function openSession(
  tools: IntakeTools,
  caller: Talker,
  request: CreateSession,
  key: RequestKey,
): Promise<{ sessionId: string; replayed: boolean }> {
  const idempotency = keyOf(caller, key)
  const prepare = async () => {
    const look = lookups(tools, caller)
    return sessionFor(look, caller, await look.agent(request.agent), newId('session'), request)
  }
  const find = (known: IdempotencyKey) => findCreatedSession(tools.db, caller.organizationId, known)
  const session = await unlessAccepted(prepare, idempotency, find)
  const outcome = 'outcome' in session ? session : await createSession(tools.db, session, idempotency)
  if (outcome.outcome === 'mismatch') throw mismatch()
  if (outcome.outcome === 'no_end_user') throw notFound('end user')
  return { sessionId: outcome.sessionId, replayed: outcome.outcome === 'replayed' }
}

async function sessionFor(look: Lookups, caller: Talker, version: AgentVersion, id: string, request: CreateSession) {
  const metadata = request.metadata ?? {}
  refuseLarge('/metadata', metadata, tunables.metadataBytes)
  checkSessionMetadata(version, metadata)
  return {
    id,
    organizationId: caller.organizationId,
    agentId: version.agentId,
    ...(await endUserFor(look, caller, request.endUserId)),
    space: request.space ?? ('production' as const),
    title: request.title ?? null,
    metadata,
  }
}

/** An end user begins sessions of his own; a server names the end user, or gets a new anonymous one. */
async function endUserFor(look: Lookups, caller: Talker, wanted: string | undefined) {
  if (caller.kind === 'endUser') {
    if (wanted !== undefined && wanted !== caller.endUserId) throw notFound('end user')
    return { endUserId: caller.endUserId, anonymous: false }
  }
  if (wanted === undefined) return { endUserId: newId('endUser'), anonymous: true }
  if (!(await look.hasEndUser(wanted))) throw notFound('end user')
  return { endUserId: wanted, anonymous: false }
}
