import { tunables } from '@shared/domain/tunables'
import { sayDeleted } from '@shared/intake/deleteSession'
import { isConnectionTrouble } from '@shared/store/connectionTrouble'
import { deleteSessions, eraseSessions } from '@shared/store/deleteSessions'
import { findErasedEndUsers, removeEndUsers } from '@shared/store/eraseEndUser'
import type { ChoreTools } from './choreTools.ts'

/**
 *   end users who were erased ─▶ sessions they still have are deleted ─▶ rows of deleted sessions vanish ─▶ their own row
 * Bounded statements, each a transaction that leaves what is left to be found again. Where nothing was deleted it is a
 * look into two empty indexes.
 */
export async function eraseDeleted(tools: ChoreTools): Promise<void> {
  try {
    await deleteOfErased(tools)
    const { sessions, rows, batches } = tunables.erasure
    for (let left = batches; left > 0 && (await eraseSessions(tools.db, sessions, rows)); left--);
  } catch (error) {
    if (isConnectionTrouble(error)) throw error
    tools.log.warn({ err: error }, 'what was deleted could not be removed; the next look goes on')
  }
}

async function deleteOfErased(tools: ChoreTools): Promise<void> {
  const { sessions, deletedTogether } = tunables.erasure
  const erased = await findErasedEndUsers(tools.db, sessions, deletedTogether)
  for (const { organizationId, sessionIds } of erased) {
    if (sessionIds.length > 0) sayDeleted(tools, await deleteSessions(tools.db, organizationId, sessionIds))
  }
  const gone = erased.filter(({ hasRows }) => !hasRows)
  if (gone.length > 0) await removeEndUsers(tools.db, gone)
}
