import { createContext } from 'react'
import type { AgentViewClient } from '@agentview/client'

/** The client of the nearest AgentViewProvider. */
export const ClientContext = createContext<AgentViewClient | null>(null)
