import pg from 'pg'
import { type BackendFactory, PostgresConnection, type PostgresConnectionOptions, PostgresQueueBackend } from 'bullmq'

/** A connection whose end is no error of the process, whoever listens to it. */
class CalmClient extends pg.Client {
  constructor(config: pg.ClientConfig) {
    super(config)
    this.on('error', () => undefined)
  }
}

/**
 * BullMQ's connections to Postgres. Its own close takes all listeners from the connection that listens before that has
 * ended; a word of Postgres that comes just then (it is stopped, it ends the connection) would end our process. So would
 * one on a connection that was taken from the pool, to which the pool no longer listens, or on the one that listens when
 * it comes in the same packet as its readiness: BullMQ listens to it a microtask later, and lets nobody give it a client.
 */
export class QueueConnection extends PostgresConnection {
  #listening: ReturnType<PostgresConnection['getListenClient']> | undefined

  constructor(connection: PostgresConnectionOptions) {
    super(connection)
    this.pool.on('connect', (client) => client.on('error', () => undefined))
    if (!Reflect.has(this, 'pgModule')) throw new Error('This version of BullMQ makes its connections in another way.')
    Reflect.set(this, 'pgModule', { ...pg, Client: CalmClient })
  }

  override getListenClient(): ReturnType<PostgresConnection['getListenClient']> {
    return (this.#listening = super.getListenClient())
  }

  override async close(): Promise<void> {
    const client = await this.#listening?.catch(() => undefined)
    const closing = super.close()
    client?.on('error', () => undefined)
    return closing
  }
}

/** As BullMQ's createPostgresBackend; the connection that listens has the queue's name, by which workers are found. */
export const createQueueBackend: BackendFactory<PostgresQueueBackend, PostgresConnectionOptions> = (
  name,
  options,
  { withBlockingConnection } = {},
) =>
  new PostgresQueueBackend(
    new QueueConnection(options.connection),
    name,
    options,
    true,
    withBlockingConnection ? name : undefined,
  )
