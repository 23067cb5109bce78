import { useMemo } from 'react'
import type { AgentViewClient, Json, Session, SessionChange } from '@agentview/client'
import { useAgentViewClient } from './useAgentViewClient.ts'
import { useClientState } from './useClientState.ts'

/** The open session, and what is changed of it; promises reject with ClientError. */
export interface OpenSession {
  /** Null until the first message has begun one. */
  readonly session: Session | null
  readonly loading: boolean
  /** As the agent left it. */
  readonly state: Json
  /** Metadata is merged; null takes a title or a key away. Does nothing while no session is open. */
  update(change: SessionChange): Promise<Session | null>
  remove(): Promise<void>
}

/** The open session without its messages: renders again when the session itself has changed. */
export function useSession(): OpenSession {
  const client = useAgentViewClient()
  const session = useClientState((state) => state.session)
  const loading = useClientState((state) => state.loading)
  const state = useClientState((whole) => whole.state)
  const acts = useMemo(() => actsOf(client), [client])
  return { session, loading, state, ...acts }
}

function actsOf(client: AgentViewClient) {
  return {
    async update(change: SessionChange): Promise<Session | null> {
      const { sessionId } = client.getState()
      return sessionId === null ? null : client.updateSession(sessionId, change)
    },
    async remove(): Promise<void> {
      const { sessionId } = client.getState()
      if (sessionId !== null) await client.deleteSession(sessionId)
    },
  }
}
