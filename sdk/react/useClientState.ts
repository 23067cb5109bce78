import { useSyncExternalStore } from 'react'
import type { ClientState } from '@agentview/client'
import { INITIAL_STATE } from './initialState.ts'
import { useAgentViewClient } from './useAgentViewClient.ts'

/**
 * A part of the client's state, e.g. `useClientState((state) => state.messages)`. The component renders again when that part
 * is another one, so `select` has to give something that is in the state, not something new each time.
 */
export function useClientState<Part>(select: (state: ClientState) => Part): Part {
  const client = useAgentViewClient()
  return useSyncExternalStore(
    client.subscribe,
    () => select(client.getState()),
    // On a server, and for the first look of a page that came from one: both have to show the same.
    () => select(INITIAL_STATE),
  )
}
