import { useContext } from 'react'
import type { AgentViewClient } from '@agentview/client'
import { ClientContext } from './clientContext.ts'

/** The client of the nearest provider, for what no hook does. Throws where there is none. */
export function useAgentViewClient(): AgentViewClient {
  const client = useContext(ClientContext)
  if (client) return client
  throw new Error('There is no <AgentViewProvider> above this component: put one around it.')
}
