import type { Broker } from '@shared/broker/port'
import { sayCommitted } from '@shared/broker/sayCommitted'
import type { BeginSession, CreateSession, SendMessage } from '@shared/contracts/messages'
import { AgentViewError, notFound } from '@shared/domain/errors'
import { newId } from '@shared/domain/ids'
import type { Json, JsonObject } from '@shared/domain/json'
import type { Item, Run } from '@shared/domain/objects'
import { tunables } from '@shared/domain/tunables'
import { armed, failpoint } from '@shared/failpoints/failpoint'
import {
  type AcceptOutcome,
  type Acceptance,
  type AcceptedNews,
  type IdempotencyKey,
  type NewMessage,
  acceptMessage,
  createSession,
  findAcceptance,
  findCreatedSession,
} from '@shared/store/acceptMessage'
import type { AgentVersion } from '@shared/store/agents'
import { findEndUser } from '@shared/store/endUsers'
import type { Database } from '@shared/store/pool'
import { findRun, readItem } from '@shared/store/runs'
import { findSession } from '@shared/store/sessions'
import { unlessAccepted } from './unlessAccepted.ts'
import { agentByName, checkInput, checkSessionMetadata, versionForMessage } from './agentVersions.ts'
import { type Caller, type Talker, principalOf, scopeOf } from './caller.ts'

/** What intake works with; HTTP and sockets both bring it. */
export interface IntakeTools {
  db: Database
  broker: Broker
  log: { debug(details: object, line: string): void }
}

/** How a request wants to be remembered: its key, its route, and a hash of path and body. */
export type RequestKey = Omit<IdempotencyKey, 'principal'> | null

export interface Accepted extends Acceptance {
  /** It had been accepted before, under the same idempotency key. */
  replayed: boolean
}

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

/** A new session with its first message. `metadata` is the session's. */
export async function beginSession(
  tools: IntakeTools,
  caller: Talker,
  message: BeginSession,
  key: RequestKey,
): Promise<Accepted> {
  return acceptOnce(tools, caller, key, async () => {
    const version = await agentByName(tools.db, caller.organizationId, message.agent)
    if (message.version !== undefined && message.version !== version.version) {
      const text = `A new session begins with the active version ${version.version}.`
      throw new AgentViewError('version_incompatible', text)
    }
    const sessionId = newId('session')
    const newSession = await sessionFor(tools, caller, version, sessionId, message)
    return { ...newMessage(caller, sessionId, version, message, undefined, key), newSession }
  })
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
    const version = await agentByName(tools.db, caller.organizationId, request.agent)
    return sessionFor(tools, caller, version, newId('session'), request)
  }
  const find = (known: IdempotencyKey) => findCreatedSession(tools.db, caller.organizationId, known)
  const session = await unlessAccepted(prepare, idempotency, find)
  const outcome = 'outcome' in session ? session : await createSession(tools.db, session, idempotency)
  if (outcome.outcome === 'mismatch') throw mismatch()
  return { sessionId: outcome.sessionId, replayed: outcome.outcome === 'replayed' }
}

/** The run and input item of an acceptance, as they are now. */
export async function readAccepted(
  tools: IntakeTools,
  caller: Talker,
  accepted: Acceptance,
): Promise<{ run: Run; item: Item; seq: number }> {
  const [run, item] = await Promise.all([
    findRun(tools.db, scopeOf(caller), accepted.runId),
    readItem(tools.db, accepted.sessionId, accepted.itemId),
  ])
  if (!run || !item) throw notFound('run')
  return { run, item, seq: accepted.seq }
}

/** A string is short for a user's message. */
export function inputOf(input: string | JsonObject): JsonObject {
  return typeof input === 'string' ? { type: 'message', role: 'user', content: input } : input
}

function newMessage(
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

async function sessionFor(
  tools: IntakeTools,
  caller: Talker,
  version: AgentVersion,
  id: string,
  request: CreateSession,
) {
  const metadata = request.metadata ?? {}
  refuseLarge('/metadata', metadata, tunables.metadataBytes)
  checkSessionMetadata(version, metadata)
  return {
    id,
    organizationId: caller.organizationId,
    agentId: version.agentId,
    ...(await endUserFor(tools, caller, request.endUserId)),
    space: request.space ?? ('production' as const),
    title: request.title ?? null,
    metadata,
  }
}

/** An end user begins sessions of his own; a server names the end user, or gets a new anonymous one. */
async function endUserFor(tools: IntakeTools, caller: Talker, wanted: string | undefined) {
  if (caller.kind === 'endUser') {
    if (wanted !== undefined && wanted !== caller.endUserId) throw notFound('end user')
    return { endUserId: caller.endUserId, anonymous: false }
  }
  if (wanted === undefined) return { endUserId: newId('endUser'), anonymous: true }
  const endUser = await findEndUser(tools.db, caller.organizationId, wanted)
  if (!endUser) throw notFound('end user')
  return { endUserId: endUser.id, anonymous: false }
}

/** After the commit, never awaited: what readers are told, what workers have to break off, and the bell. */
export function sayAccepted(tools: IntakeTools, runId: string, { events, ringAfterMs, cancelled }: AcceptedNews): void {
  sayCommitted(tools.broker, tools.log, events, ringAfterMs === 0 ? [runId] : [])
  // Not relied on: this process may be gone by then, and the reconciler rings.
  if (ringAfterMs)
    setTimeout(() => sayCommitted(tools.broker, tools.log, [], [runId]), ringAfterMs + BELL_LATER).unref()
  sayAborts(tools, cancelled)
}

/** A bell may be answered a moment earlier than Postgres' clock says that the run is due. */
const BELL_LATER = 10

/** Tells workers to break off what was cancelled; their heartbeat is the backstop. */
export function sayAborts({ broker, log }: IntakeTools, runIds: readonly string[]): void {
  if (runIds.length === 0) return
  broker.publishAborts(runIds).catch((error: unknown) => log.debug({ err: error }, 'an abort could not be said'))
}

export function sessionBusy(activeRunId: string): AgentViewError {
  return new AgentViewError('session_busy', 'The session is busy with an earlier message.', { extra: { activeRunId } })
}

async function acceptOnce(
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

export function conclude(tools: IntakeTools, result: AcceptOutcome): Accepted {
  switch (result.outcome) {
    case 'accepted': {
      const { sessionId, runId, itemId, seq } = result
      sayAccepted(tools, runId, result)
      return { sessionId, runId, itemId, seq, replayed: false }
    }
    case 'replayed': {
      const { sessionId, runId, itemId, seq } = result
      return { sessionId, runId, itemId, seq, replayed: true }
    }
    case 'busy':
      throw sessionBusy(result.activeRunId)
    case 'full': {
      const queue = `The session has ${tunables.sessionQueue} messages that wait`
      throw new AgentViewError('rate_limited', `${queue}: send more when some of them have been answered.`)
    }
    case 'mismatch':
      throw mismatch()
    case 'absent':
      throw notFound('session')
  }
}

/** How a request of a caller's is remembered. */
export function keyOf(caller: Caller, key: RequestKey): IdempotencyKey | undefined {
  return key ? { ...key, principal: principalOf(caller) } : undefined
}

export function mismatch(): AgentViewError {
  return new AgentViewError('idempotency_mismatch', 'This Idempotency-Key was used for another request: use a new key.')
}

export function refuseLarge(path: string, value: Json, limit: number): void {
  const bytes = Buffer.byteLength(JSON.stringify(value))
  if (bytes <= limit) return
  throw new AgentViewError('payload_too_large', `${path.slice(1)} has ${bytes} bytes; ${limit} are allowed.`, {
    details: [{ path, message: `must not have more than ${limit} bytes` }],
  })
}
