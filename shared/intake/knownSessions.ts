import { gather } from '@shared/domain/gather'
import { Recent } from '@shared/domain/recent'
import { tunables } from '@shared/domain/tunables'
import { versionForRun } from '@shared/domain/versions'
import { type AgentVersion, findActiveVersion, findVersion } from '@shared/store/agents'
import type { Database } from '@shared/store/pool'
import { type SessionAccess, findSessions } from '@shared/store/sessions'
import { type Talker, scopeOf } from './caller.ts'

/** A session and the version that its next run has, as they were when they were last read. */
export interface KnownSession {
  session: SessionAccess
  active: AgentVersion
  version: AgentVersion
}

/**
 * Remembers sessions and agents' versions, so that a message needs no reading before it is accepted. Whose a session is never
 * changes; what may have changed (versions) is compared by the statement that accepts, so that nothing old decides.
 */
export interface KnownSessions {
  /** Null: there is no such session of the caller's, or its agent has no version. */
  find(caller: Talker, sessionId: string): Promise<KnownSession | null>
  /** A run with this version was accepted. */
  movedOn(known: KnownSession): void
  /** Something of it is no longer so. */
  forget(known: KnownSession): void
}

export function createKnownSessions(db: Database): KnownSessions {
  const sessions = new Recent<SessionAccess>(tunables.accept.knownSessions)
  const active = new Recent<AgentVersion>(tunables.accept.knownVersions)
  const versions = new Recent<AgentVersion>(tunables.accept.knownVersions)

  // A batch of messages asks for many at once.
  const lookUp = gather(tunables.batchMessages, (asked: readonly SessionRequest[]) => findSessions(db, asked))
  const activeNow = shared((agentId) => findActiveVersion(db, agentId))

  async function sessionOf(caller: Talker, sessionId: string): Promise<SessionAccess | null> {
    const known = sessions.get(sessionId)
    if (known) return mayTalk(caller, known) ? known : null
    const session = await lookUp({ ...scopeOf(caller), sessionId })
    if (session) sessions.set(sessionId, session)
    return session
  }

  async function activeOf(agentId: string): Promise<AgentVersion | null> {
    const known = active.get(agentId)
    if (known) return known
    const version = await activeNow(agentId)
    if (version) active.set(agentId, version)
    return version
  }

  async function ownOf(agentId: string, version: string): Promise<AgentVersion | null> {
    const key = `${agentId} ${version}`
    const known = versions.get(key)
    if (known) return known
    const found = await findVersion(db, agentId, version)
    if (found) versions.set(key, found)
    return found
  }

  return {
    async find(caller, sessionId) {
      const session = await sessionOf(caller, sessionId)
      const current = session && (await activeOf(session.agentId))
      if (!current) return null
      const own = versionForRun(current.version, session.version)
      const version = own === current.version ? current : await ownOf(session.agentId, own)
      return { session, active: current, version: version ?? current }
    },
    movedOn({ session, version }) {
      if (session.version !== version.version) sessions.set(session.id, { ...session, version: version.version })
    },
    forget({ session }) {
      sessions.delete(session.id)
      active.delete(session.agentId)
    },
  }
}

type SessionRequest = ReturnType<typeof scopeOf> & { sessionId: string }

/** Lookups of one key that come while it is looked up share the answer. */
function shared<Value>(look: (key: string) => Promise<Value>): (key: string) => Promise<Value> {
  const underWay = new Map<string, Promise<Value>>()
  return (key) => {
    const known = underWay.get(key)
    if (known) return known
    const value = look(key).finally(() => underWay.delete(key))
    underWay.set(key, value)
    return value
  }
}

function mayTalk(caller: Talker, session: SessionAccess): boolean {
  const { organizationId, endUserId } = scopeOf(caller)
  return session.organizationId === organizationId && (endUserId === null || session.endUserId === endUserId)
}
