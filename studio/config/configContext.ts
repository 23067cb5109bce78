import { createContext, useContext } from 'react'
import type { StudioConfig } from './types.ts'

export const ConfigContext = createContext<StudioConfig>({ agents: [] })

export function useConfig(): StudioConfig {
  return useContext(ConfigContext)
}
