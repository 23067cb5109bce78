import { tunables } from '@shared/domain/tunables'
import { Socket } from 'node:net'

export type ConnectionConfig = ReturnType<typeof connectionConfig>

/**
 * How to connect, and a hold on the sockets of all who did, since neither pg nor BullMQ can drop a connection by force.
 * `name` is shown in pg_stat_activity. What is written here is only wake-ups, so commits don't wait for the disk: a crash
 * loses bells, which the reconciler rings again.
 */
export function connectionConfig(url: URL, name: string) {
  const sockets = new Set<Socket>()
  // pg would take the address' `options` instead of ours, and BullMQ's search path with them.
  const address = new URL(url)
  const options = address.searchParams.get('options')
  address.searchParams.delete('options')
  const config = {
    connectionString: address.href,
    application_name: name,
    options: `${options ? `${options} ` : ''}-c synchronous_commit=off`,
    connectionTimeoutMillis: tunables.broker.connect,
    query_timeout: tunables.broker.alive,
    keepAlive: true,
    stream: () => {
      const socket = new Socket()
      sockets.add(socket)
      return socket.once('close', () => sockets.delete(socket))
    },
  }
  return {
    config,
    /** Cuts every connection made with this config. Their owners notice as if the network had done it. */
    sever(): void {
      for (const socket of sockets) socket.destroy()
    },
  }
}
