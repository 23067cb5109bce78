import { type BackendFactory, PostgresConnection, type PostgresConnectionOptions, PostgresQueueBackend } from 'bullmq'

/**
 * BullMQ's connections to Postgres. Its own close takes all listeners from the connection that listens before that has
 * ended; a word of Postgres that comes just then (it is stopped, it ends the connection) would end our process. So would
 * one on a connection that was taken from the pool, to which the pool no longer listens.
 */
export class QueueConnection extends PostgresConnection {
  #listening: ReturnType<PostgresConnection['getListenClient']> | undefined

  constructor(connection: PostgresConnectionOptions) {
    super(connection)
    this.pool.on('connect', (client) => client.on('error', () => undefined))
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
