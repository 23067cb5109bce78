import { createHash } from 'node:crypto'
import type { RunAgentInput } from '@shared/contracts/agUi'
import { AgentViewError, notFound } from '@shared/domain/errors'
import { idOf, uuidOf } from '@shared/domain/ids'
import { isObject } from '@shared/domain/json'
import type { Session } from '@shared/domain/objects'
import { type Talker, scopeOf } from '@shared/intake/caller'
import type { Database } from '@shared/store/pool'
import { findSession, readSession } from '@shared/store/sessions'

/** Where a thread is, or will be. */
export interface Thread {
  sessionId: string
  session: Session | null
  /** For whom a server begins it; absent: an end user of its own, or the one who asks. */
  endUserId?: string
}

/** A thread is a session: the one of that id, or the one that was begun by this thread's first message. */
export async function findThread(
  db: Database,
  caller: Talker,
  agent: string,
  { threadId, forwardedProps }: RunAgentInput,
): Promise<Thread> {
  const endUserId = endUserIn(caller, forwardedProps)
  const isSession = uuidOf('session', threadId) !== null
  const sessionId = isSession ? threadId : sessionIdOf(caller, agent, threadId, endUserId)
  const found = await findSession(db, scopeOf(caller), sessionId)
  const session = found && (await readSession(db, sessionId))
  if ((isSession && !session) || (session && session.agent !== agent)) throw notFound('session')
  return { sessionId, session, ...(endUserId !== undefined && { endUserId }) }
}

/** A server may say for whom it asks. */
function endUserIn(caller: Talker, forwardedProps: RunAgentInput['forwardedProps']): string | undefined {
  const endUserId = isObject(forwardedProps) ? forwardedProps['endUserId'] : undefined
  if (caller.kind !== 'secret' || endUserId === undefined) return undefined
  if (typeof endUserId === 'string' && uuidOf('endUser', endUserId) !== null) return endUserId
  throw new AgentViewError('invalid_request', 'forwardedProps.endUserId is not the id of an end user.')
}

/**
 * Clients make up the ids of their threads, so a session's id is made from the thread's: the same thread of the same person
 * with the same agent is the same session for ever, and nobody reaches another's by knowing its id. A UUID of version 8.
 */
function sessionIdOf(caller: Talker, agent: string, threadId: string, endUserId: string | undefined): string {
  const owner = caller.kind === 'endUser' ? caller.endUserId : (endUserId ?? 'server')
  const hash = createHash('sha256').update(JSON.stringify(['ag-ui', caller.organizationId, owner, agent, threadId]))
  const bytes = hash.digest().subarray(0, 16)
  bytes[6] = 0x80 | (bytes[6]! & 0x0f)
  bytes[8] = 0x80 | (bytes[8]! & 0x3f)
  const hex = bytes.toString('hex')
  return idOf('session', hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'))
}
