import { useCallback, useEffect, useMemo } from 'react'
import type { Session, SessionChange, SessionQuery } from '@agentview/client'
import { useAgentViewClient } from './useAgentViewClient.ts'
import { type Pages, usePages } from './usePages.ts'

export interface SessionList extends Omit<Pages<Session>, 'entries' | 'know'> {
  /** Newest first, unless the query says otherwise. */
  readonly sessions: readonly Session[]
  /** Promises reject with ClientError; the list follows by itself. */
  update(sessionId: string, change: SessionChange): Promise<Session>
  remove(sessionId: string): Promise<void>
}

/**
 * The user's sessions, page by page. Sessions that this client begins, changes or deletes are followed; what others do shows
 * with `refresh`.
 */
export function useSessions(query: SessionQuery = {}): SessionList {
  const client = useAgentViewClient()
  // A query that is made anew with each render is the same query.
  const asked = JSON.stringify(query)
  const read = useCallback(
    (cursor: string | null, signal: AbortSignal) => {
      const again = JSON.parse(asked) as SessionQuery
      return client.listSessions({ ...again, ...(cursor !== null && { cursor }) }, { signal })
    },
    [client, asked],
  )
  const { entries, know, ...pages } = usePages(read)
  const { refresh } = pages
  useEffect(() => {
    const stops = [
      client.on('session:created', refresh),
      client.on('session:updated', (session) => know(session.id, session)),
      client.on('session:deleted', ({ sessionId }) => know(sessionId, null)),
    ]
    return () => {
      for (const stop of stops) stop()
    }
  }, [client, refresh, know])

  const acts = useMemo(
    () => ({
      update: (sessionId: string, change: SessionChange) => client.updateSession(sessionId, change),
      remove: (sessionId: string) => client.deleteSession(sessionId),
    }),
    [client],
  )
  return { sessions: entries, ...pages, ...acts }
}
