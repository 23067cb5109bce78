import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { Page, Session, SessionChange, SessionQuery } from '@agentview/client'
import { type ChatError, errorOfCall } from './chatError.ts'
import { useAgentViewClient } from './useAgentViewClient.ts'

export interface SessionList {
  /** Newest first, unless the query says otherwise. */
  readonly sessions: readonly Session[]
  readonly loading: boolean
  readonly error: ChatError | null
  /** There is one more page: `loadMore`. */
  readonly hasMore: boolean
  loadMore(): void
  /** From the first page on. */
  refresh(): void
  /** Promises reject with ClientError; the list follows by itself. */
  update(sessionId: string, change: SessionChange): Promise<Session>
  remove(sessionId: string): Promise<void>
}

interface Loaded {
  readonly sessions: readonly Session[]
  readonly nextCursor: string | null
}

const NOTHING: Loaded = { sessions: [], nextCursor: null }

/**
 * The user's sessions, page by page. Sessions that this client begins, changes or deletes are followed; what others do shows
 * with `refresh`.
 */
export function useSessions(query: SessionQuery = {}): SessionList {
  const client = useAgentViewClient()
  const [loaded, setLoaded] = useState(NOTHING)
  const [loading, setLoading] = useState(true)
  const [error, setError] = useState<ChatError | null>(null)
  // A query that is made anew with each render is the same query.
  const asked = JSON.stringify(query)
  const reading = useRef(new AbortController())

  const read = useCallback(
    async (before: Loaded) => {
      reading.current.abort()
      const own = new AbortController()
      reading.current = own
      setLoading(true)
      try {
        const again = JSON.parse(asked) as SessionQuery
        const cursor = before.nextCursor
        const page = await client.listSessions({ ...again, ...(cursor !== null && { cursor }) }, { signal: own.signal })
        if (own.signal.aborted) return
        setLoaded(withPage(before, page))
        setError(null)
      } catch (thrown) {
        if (own.signal.aborted) return
        setError(errorOfCall(thrown))
      }
      setLoading(false)
    },
    [client, asked],
  )

  useEffect(() => {
    const refresh = () => void read(NOTHING)
    refresh()
    const stops = [
      client.on('session:created', refresh),
      client.on('session:updated', (session) => setLoaded((now) => changed(now, session))),
      client.on('session:deleted', ({ sessionId }) => setLoaded((now) => without(now, sessionId))),
    ]
    return () => {
      for (const stop of stops) stop()
      reading.current.abort()
    }
  }, [client, read])

  const acts = useMemo(
    () => ({
      update: (sessionId: string, change: SessionChange) => client.updateSession(sessionId, change),
      remove: (sessionId: string) => client.deleteSession(sessionId),
    }),
    [client],
  )
  const loadMore = useCallback(() => void read(loaded), [read, loaded])
  const refresh = useCallback(() => void read(NOTHING), [read])
  return {
    sessions: loaded.sessions,
    ...{ loading, error, loadMore, refresh },
    hasMore: loaded.nextCursor !== null,
    ...acts,
  }
}

function withPage({ sessions }: Loaded, { data, nextCursor }: Page<Session>): Loaded {
  const known = new Set(sessions.map(({ id }) => id))
  return { sessions: [...sessions, ...data.filter(({ id }) => !known.has(id))], nextCursor: nextCursor ?? null }
}

function changed(now: Loaded, session: Session): Loaded {
  return { ...now, sessions: now.sessions.map((one) => (one.id === session.id ? session : one)) }
}

function without(now: Loaded, sessionId: string): Loaded {
  return { ...now, sessions: now.sessions.filter(({ id }) => id !== sessionId) }
}
