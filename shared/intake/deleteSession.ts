import { notFound } from '@shared/domain/errors'
import { type DeletedSessions, deleteSessions } from '@shared/store/deleteSessions'
import { findSession } from '@shared/store/sessions'
import { type Talker, scopeOf } from './caller.ts'
import type { IntakeTools } from './intakeTools.ts'
import { sayAborts, sayCuts } from './sayAccepted.ts'

/** Deletes a session: from the commit on it is absent to all, and whoever carries out its run changes nothing more. */
export async function deleteSession(tools: IntakeTools, caller: Talker, sessionId: string): Promise<void> {
  if (!(await findSession(tools.db, scopeOf(caller), sessionId))) throw notFound('session')
  const deleted = await deleteSessions(tools.db, caller.organizationId, [sessionId])
  if (deleted.sessionIds.length === 0) throw notFound('session')
  sayDeleted(tools, deleted)
}

/**
 * Tells nodes to cut the readers and workers to break off the calls, after the commit and never awaited: readers are
 * found by the sweep as well, runs by the heartbeat.
 */
export function sayDeleted(tools: Pick<IntakeTools, 'broker' | 'log'>, { sessionIds, runIds }: DeletedSessions): void {
  sayAborts(tools, runIds)
  sayCuts(
    tools,
    sessionIds.map((subject) => ({ subject, reason: 'deleted' })),
  )
}
