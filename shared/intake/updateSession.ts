import { sayCommitted } from '@shared/broker/sayCommitted'
import type { UpdateSession } from '@shared/contracts/messages'
import { findMetadataFault } from '@shared/contracts/sessionMetadata'
import { AgentViewError, notFound } from '@shared/domain/errors'
import { tunables } from '@shared/domain/tunables'
import { findSession } from '@shared/store/sessions'
import { readMetadataNow, updateSession as update } from '@shared/store/updateSession'
import { versionForMessage } from './agentVersions.ts'
import { type Talker, scopeOf } from './caller.ts'
import { refuseLarge } from './input.ts'
import type { IntakeTools } from './intakeTools.ts'

/**
 * Changes metadata and title of a session. Metadata is checked as when a session is made, by the version that its next
 * message would get; what it had already counts towards the cap, so it is checked anew when it was changed meanwhile.
 */
export async function updateSession(
  tools: IntakeTools,
  caller: Talker,
  sessionId: string,
  { metadata = {}, title }: UpdateSession,
): Promise<void> {
  const session = await findSession(tools.db, scopeOf(caller), sessionId)
  if (!session) throw notFound('session')
  const { definition } = await versionForMessage(tools.db, session, undefined)
  refuseLarge('/metadata', metadata, tunables.metadataBytes)
  for (;;) {
    const now = await readMetadataNow(tools.db, sessionId)
    if (!now) throw notFound('session')
    const details = findMetadataFault(definition, now.metadata, metadata)
    if (details)
      throw new AgentViewError('schema_violation', 'The metadata does not fit the schema of this agent.', { details })
    const change = { metadata, metadataHash: now.hash, ...(title !== undefined && { title }) }
    const updated = await update(tools.db, { organizationId: caller.organizationId, sessionId, ...change })
    if (updated.outcome === 'absent') throw notFound('session')
    if (updated.outcome === 'moved') continue
    if (updated.outcome === 'updated') sayCommitted(tools.broker, tools.log, updated.events, [])
    return
  }
}
