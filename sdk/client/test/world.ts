import { type TcpProxy, startTcpProxy } from '../../../bench/cluster/tcpProxy.ts'
import { type TestServer, type TestServerOptions, startTestServer } from '../../../test/server/startTestServer.ts'
import {
  AgentViewClient,
  type ClientEvents,
  type ClientOptions,
  type ClientState,
  type SessionEvent,
} from '../index.ts'

/** A server behind a network that can be broken, and clients that go through it. */
export interface World {
  server: TestServer
  network: TcpProxy
  /** Through the network. */
  url: string
  client(options: Partial<ClientOptions>): AgentViewClient
  /** Ends the clients that were made and mends the network. */
  hangUp(): void
  close(): Promise<void>
}

export async function startWorld(options: TestServerOptions = {}): Promise<World> {
  const server = await startTestServer(options)
  const network = await startTcpProxy({ host: '127.0.0.1', port: Number(new URL(server.url).port) })
  const clients: AgentViewClient[] = []
  const url = `http://127.0.0.1:${network.port}`
  return {
    server,
    network,
    url,
    client(more) {
      const client = new AgentViewClient({ endpoint: url, agent: 'echo', ...more })
      clients.push(client)
      return client
    },
    hangUp() {
      for (const client of clients.splice(0)) client.disconnect()
      network.heal()
    },
    async close() {
      await network.close()
      await server.close()
    },
  }
}

/** The state once it is as wanted. */
export function until(client: AgentViewClient, done: (state: ClientState) => boolean): Promise<ClientState> {
  return new Promise((resolve) => {
    const look = () => {
      const state = client.getState()
      if (!done(state)) return
      stop()
      resolve(state)
    }
    const stop = client.subscribe(look)
    look()
  })
}

/** The next time that a client tells this. */
export function next<Name extends keyof ClientEvents>(
  client: AgentViewClient,
  name: Name,
): Promise<Parameters<ClientEvents[Name]>[0]> {
  return new Promise((resolve) => client.once(name, ((value: never) => resolve(value)) as ClientEvents[Name]))
}

/** The log as a client gets it. */
export function recordLog(client: AgentViewClient): SessionEvent[] {
  const events: SessionEvent[] = []
  client.on('session:event', (event) => void events.push(event))
  return events
}

export const texts = ({ messages }: ClientState) => messages.map(({ text }) => text)
export const isIdle = ({ status, messages }: ClientState) => status === 'idle' && messages.length > 0
