import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { tunables } from '@shared/domain/tunables'
import { settledWithin } from '../bounded.ts'
import { plainError, unreachable } from '../faults.ts'
import { type ConnectionConfig, connectionConfig } from './connectionConfig.ts'

export interface NotifyOptions {
  url: URL
  channels: readonly string[]
  onNotification(channel: string, payload: string): void
  /** The connection was lost, or gave no sign of life and was dropped. */
  onLost(): void
  onReconnect(): void
  report(error: unknown, where: string): void
}

const WHERE = 'the connection that listens'
/** Of no use to try again: wrong login, no such database. */
const HOPELESS = /^(28|3D)/

/** One direct connection of its own that LISTENs and NOTIFYs, and comes back by itself when it is lost. */
export class NotifyConnection {
  readonly #options: NotifyOptions
  readonly #config: ConnectionConfig
  #client: pg.Client | null = null
  #turn: Promise<unknown> = Promise.resolve()
  #closed = false
  #alive: NodeJS.Timeout | undefined

  constructor(options: NotifyOptions) {
    this.#options = options
    this.#config = connectionConfig(options.url, 'agentview news')
  }

  get isConnected(): boolean {
    return this.#client !== null
  }

  /** Tries for `tunables.broker.start`, since Postgres may be coming up, then throws one line that says what to do. */
  async start(): Promise<void> {
    const deadline = performance.now() + tunables.broker.start - tunables.broker.connect
    for (;;) {
      try {
        await this.#connect()
        break
      } catch (error) {
        const hopeless = HOPELESS.test((error as { code?: string }).code ?? '')
        if (hopeless || performance.now() > deadline)
          throw unreachable('Postgres', 'DATABASE_URL', this.#options.url, error)
        await sleep(tunables.broker.reconnectFirst)
      }
    }
    this.#alive = setInterval(() => this.#checkAlive(), tunables.broker.alive)
    this.#alive.unref()
  }

  /** Sends payloads, in order, in one statement of its own: NOTIFY locks the whole database until its commit. */
  async notify(notifications: readonly { channel: string; payload: string }[]): Promise<void> {
    if (notifications.length === 0) return
    if (!this.#client) throw new Error('Postgres is not connected')
    const statement = {
      name: 'agentview_notify',
      text: 'select pg_notify(channel, payload) from unnest($1::text[], $2::text[]) as said (channel, payload)',
      values: [notifications.map(({ channel }) => channel), notifications.map(({ payload }) => payload)],
    }
    await this.#query(this.#client, statement).catch((error: unknown) => {
      throw plainError(error, 'Postgres did not take the news: ')
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#alive)
    const client = this.#client
    this.#client = null
    if (client) await settledWithin(client.end(), tunables.broker.closeConnections)
    this.#config.sever()
  }

  async #connect(): Promise<void> {
    const client = new pg.Client(this.#config.config)
    client.on('error', (error) => this.#options.report(error, WHERE))
    client.on('end', () => this.#lose(client))
    client.on('notification', ({ channel, payload = '' }) => this.#options.onNotification(channel, payload))
    try {
      await client.connect()
      for (const channel of this.#options.channels) await client.query(`listen ${client.escapeIdentifier(channel)}`)
    } catch (error) {
      this.#config.sever()
      throw error
    }
    if (this.#closed) return this.#config.sever()
    this.#client = client
  }

  #lose(client: pg.Client): void {
    if (this.#client !== client) return
    this.#client = null
    this.#options.onLost()
    void this.#reconnect()
  }

  async #reconnect(): Promise<void> {
    for (let pause: number = tunables.broker.reconnectFirst; !this.#closed;) {
      try {
        await this.#connect()
        if (!this.#closed) this.#options.onReconnect()
        return
      } catch (error) {
        this.#options.report(error, WHERE)
        await sleep(pause, undefined, { ref: false })
        pause = Math.min(pause * 2, tunables.broker.reconnectLast)
      }
    }
  }

  /** One at a time, as pg wants it. A connection that doesn't answer is dropped, and made anew. */
  async #query(client: pg.Client, query: pg.QueryConfig): Promise<void> {
    const turn = this.#turn.then(() => client.query(query))
    this.#turn = turn.catch(() => undefined)
    try {
      await turn
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) this.#config.sever()
      throw error
    }
  }

  /** A connection that only listens doesn't notice that its peer is gone. */
  #checkAlive(): void {
    if (this.#client) this.#query(this.#client, { text: 'select 1' }).catch(() => undefined)
  }
}
