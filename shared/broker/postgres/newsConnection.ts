import pg from 'pg'
import { setTimeout as sleep } from 'node:timers/promises'
import { tunables } from '@shared/domain/tunables'

/**
 * The one connection that both listens and notifies. It comes back by itself whatever ends it. LISTEN needs a direct
 * connection to Postgres: a pooler in transaction mode loses it.
 */
export interface NewsConnection {
  notify(payload: string): Promise<void>
  connected(): boolean
  close(): Promise<void>
}

export interface NewsConnectionOptions {
  url: string
  channel: string
  onPayload: (payload: string) => void
  onReconnect: () => void
  onError: (error: Error, where: string) => void
}

const LONGEST_PAUSE = 2_000

export async function connectNews(options: NewsConnectionOptions): Promise<NewsConnection> {
  let closed = false
  let client: pg.Client | null = await open(lost)

  async function open(onEnd: () => void): Promise<pg.Client> {
    const next = new pg.Client({
      connectionString: options.url,
      application_name: 'agentview broker',
      connectionTimeoutMillis: tunables.postgresConnect,
      query_timeout: tunables.postgresConnect,
      keepAlive: true,
    })
    next.on('error', (error) => options.onError(error, 'LISTEN'))
    next.on('notification', ({ payload }) => payload !== undefined && options.onPayload(payload))
    await next.connect()
    next.once('end', onEnd)
    await next.query(`listen ${options.channel}`)
    return next
  }

  function lost(): void {
    client = null
    if (!closed) void comeBack()
  }

  async function comeBack(): Promise<void> {
    for (let pause = 100; !closed; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        client = await open(lost)
        return options.onReconnect()
      } catch (error) {
        options.onError(error instanceof Error ? error : new Error(String(error)), 'LISTEN')
      }
      await sleep(pause, undefined, { ref: false })
    }
  }

  return {
    async notify(payload) {
      if (!client) throw new Error('the connection for news is away')
      await client.query({ name: 'notify', text: 'select pg_notify($1, $2)', values: [options.channel, payload] })
    },
    connected: () => client !== null,
    async close() {
      closed = true
      await client?.end()
    },
  }
}
