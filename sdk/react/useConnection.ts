import type { ConnectionState } from '@agentview/client'
import { useClientState } from './useClientState.ts'

/** How the client stands with the server: `status` is `closed`, `connecting`, `online` or `offline`. */
export function useConnection(): ConnectionState {
  return useClientState(({ connection }) => connection)
}
