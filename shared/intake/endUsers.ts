import type { UpdateEndUser, UpsertEndUser } from '@shared/contracts/messages'
import { AgentViewError, notFound } from '@shared/domain/errors'
import { newId } from '@shared/domain/ids'
import type { EndUser } from '@shared/domain/objects'
import { tunables } from '@shared/domain/tunables'
import { deleteSessions, findSessionsOf } from '@shared/store/deleteSessions'
import { type EndUserOutcome, updateEndUser as update, upsertEndUser as upsert } from '@shared/store/endUsers'
import { eraseEndUser as erase } from '@shared/store/eraseEndUser'
import type { Caller } from './caller.ts'
import { sayDeleted } from './deleteSession.ts'
import { refuseLarge } from './input.ts'
import type { IntakeTools } from './intakeTools.ts'
import { type RequestKey, keyOf, mismatch } from './requestKey.ts'
import { sayCuts } from './sayAccepted.ts'

type Server = Extract<Caller, { kind: 'secret' }>

/** Makes a person known by the customer's own id for him, or changes what is known of him. */
export async function upsertEndUser(
  { db }: IntakeTools,
  caller: Server,
  { externalId, metadata = {}, space }: UpsertEndUser,
  key: RequestKey,
): Promise<{ endUser: EndUser; created: boolean; replayed: boolean }> {
  refuseLarge('/metadata', metadata, tunables.metadataBytes)
  const endUser = { id: newId('endUser'), organizationId: caller.organizationId, externalId, metadata }
  const outcome = found(await upsert(db, { ...endUser, ...(space && { space }) }, keyOf(caller, key)))
  const replayed = outcome.outcome === 'replayed'
  return { endUser: outcome.endUser, created: replayed ? outcome.created : outcome.outcome === 'created', replayed }
}

/** Merges metadata; a null takes its key away. */
export async function updateEndUser(
  { db }: IntakeTools,
  caller: Server,
  endUserId: string,
  { metadata = {} }: UpdateEndUser,
): Promise<EndUser> {
  refuseLarge('/metadata', metadata, tunables.metadataBytes)
  return found(await update(db, caller.organizationId, endUserId, metadata)).endUser
}

function found(outcome: EndUserOutcome): Extract<EndUserOutcome, { endUser: EndUser }> {
  switch (outcome.outcome) {
    case 'absent':
      throw notFound('end user')
    case 'mismatch':
      throw mismatch()
    case 'too_large':
      throw new AgentViewError(
        'payload_too_large',
        `An end user's metadata may not have more than ${tunables.metadataBytes} bytes: take some of it away first.`,
      )
    default:
      return outcome
  }
}

/**
 *   the row loses what it says ─▶ connections are cut ─▶ his sessions are deleted, some at a time ─▶ (reconciler) rows vanish
 * From the first commit on he is absent and begins no session. If this process ends half-way the reconciler goes on.
 */
export async function eraseEndUser(tools: IntakeTools, caller: Server, endUserId: string): Promise<void> {
  if (!(await erase(tools.db, caller.organizationId, endUserId))) throw notFound('end user')
  await sayErased(tools, caller.organizationId, endUserId)
}

/** What follows once the row is committed. */
export async function sayErased(tools: IntakeTools, organizationId: string, endUserId: string): Promise<void> {
  const { db } = tools
  sayCuts(tools, [{ subject: endUserId, reason: 'deleted' }])
  for (;;) {
    const sessionIds = await findSessionsOf(db, endUserId, tunables.erasure.deletedTogether)
    if (sessionIds.length === 0) return
    sayDeleted(tools, await deleteSessions(db, organizationId, sessionIds))
  }
}
