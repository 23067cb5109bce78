import { type ReactNode, useEffect, useRef, useState } from 'react'
import { AgentViewClient, type ClientOptions } from '@agentview/client'
import { ClientContext } from './clientContext.ts'

/** One of both: a client of yours, which you disconnect, or the options of one that lives as long as the provider. */
export type AgentViewProviderProps = { children?: ReactNode } & (
  { client: AgentViewClient; options?: never } | { client?: never; options: ClientOptions }
)

/**
 * Gives the hooks below it their client. `options` are read once: another user or another server is another provider (give
 * it another `key`). Throws ClientError `invalid_use` for options that name no right to call.
 */
export function AgentViewProvider({ client, options, children }: AgentViewProviderProps) {
  return client ? (
    <ClientContext.Provider value={client}>{children}</ClientContext.Provider>
  ) : (
    <OwnClient options={options}>{children}</OwnClient>
  )
}

interface Ending {
  timer: ReturnType<typeof setTimeout> | undefined
  /** The client was disconnected. */
  done: boolean
}

function OwnClient({ options, children }: { options: ClientOptions; children: ReactNode }) {
  const [client] = useState(() => new AgentViewClient(options))
  const end = useRef<Ending>({ timer: undefined, done: false })
  useEffect(() => {
    const ending = end.current
    // StrictMode ends effects only to begin them anew; a page that React keeps hidden is shown again later.
    clearTimeout(ending.timer)
    if (ending.done) client.connect()
    ending.done = false
    return () => {
      ending.timer = setTimeout(() => {
        ending.done = true
        client.disconnect()
      })
    }
  }, [client])
  return <ClientContext.Provider value={client}>{children}</ClientContext.Provider>
}
