import { useEffect, useRef } from 'react'
import type { Json } from '@agentview/client'
import { useAgentViewClient } from './useAgentViewClient.ts'

/** What an agent tells a page beside the conversation. */
export interface CustomEvent {
  readonly name: string
  readonly data: Json
  readonly runId: string | null
}

/** Calls the handler with each custom event of the open session, once; the newest handler is taken. */
export function useCustomEvents(handler: (event: CustomEvent) => void): void {
  const client = useAgentViewClient()
  const newest = useRef(handler)
  useEffect(() => {
    newest.current = handler
  })
  useEffect(() => client.on('custom:event', (event) => newest.current(event)), [client])
}
