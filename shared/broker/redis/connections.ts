import { Redis, type RedisOptions } from 'ioredis'
import { tunables } from '@shared/domain/tunables'
import { settledWithin, within } from '../bounded.ts'
import { unreachable } from '../faults.ts'

export type Report = (error: unknown, where: string) => void

const common = {
  lazyConnect: true,
  connectTimeout: tunables.broker.connect,
  retryStrategy: (times: number) => Math.min(times * tunables.broker.reconnectFirst, tunables.broker.reconnectLast),
  // After a failover the old primary still answers, but only reads.
  reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  autoResubscribe: false,
  // A timer that keeps the process, also when the connection was lost already.
  disconnectTimeout: tunables.broker.closeConnections,
} satisfies RedisOptions

/** For commands somebody waits for: they fail at once while Redis is away, and are never sent twice. */
const impatient = {
  ...common,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  socketTimeout: tunables.broker.alive,
} satisfies RedisOptions

/** For a queue worker, which has nothing better to do than to wait; BullMQ demands this. */
const patient = { ...common, maxRetriesPerRequest: null, socketTimeout: tunables.broker.silent } satisfies RedisOptions

export interface OpenOptions {
  url: URL
  /** Shown by CLIENT LIST. */
  name: string
  kind: 'impatient' | 'patient'
  report: Report
}

const REFUSED_LOGIN = /^(WRONGPASS|NOAUTH|NOPERM)/

/**
 * A connection that is ready and reconnects by itself. Tries for `tunables.broker.start`, since Redis may be coming up as well,
 * and then fails with one line that says what to do.
 */
export async function openRedis({ url, name, kind, report }: OpenOptions): Promise<Redis> {
  const client = new Redis(url.href, { ...(kind === 'patient' ? patient : impatient), connectionName: name })
  let lastError: unknown
  const ready = new Promise<void>((resolve, reject) => {
    client.once('ready', resolve)
    client.on('error', (error) => {
      lastError = error
      if (REFUSED_LOGIN.test(error.message)) reject(error)
    })
  })
  client.connect().catch(() => undefined)
  try {
    await within(ready, tunables.broker.start, `no answer within ${tunables.broker.start / 1_000} s`)
  } catch (error) {
    dropRedis(client)
    throw unreachable('Redis', 'REDIS_URL', url, lastError ?? error)
  }
  client.on('error', (error) => report(error, name))
  return client
}

/** Lets go of a connection after what was already sent on it; for certain. */
export async function closeRedis(client: Redis): Promise<void> {
  if (client.status === 'ready') await settledWithin(client.quit(), tunables.broker.closeConnections)
  dropRedis(client)
}

/** A connection of ours, or BullMQ's view of one. */
interface Droppable {
  status: string
  connect(): Promise<void>
  disconnect(): void
}

/**
 * Ends a connection for good, whatever it is doing, and what waits for an answer on it. `disconnect` alone leaves one that
 * waits for its next try to connect as it is: its commands are never settled, and BullMQ guards the one that blocks with a
 * timer of 6 s, which keeps the process. A try that is broken off ends both.
 */
export function dropRedis(client: Droppable): void {
  if (client.status === 'reconnecting') client.connect().catch(() => undefined)
  client.disconnect()
  // BullMQ connects a blocking connection again that it finds ended, even when its worker is closing.
  client.connect = () => Promise.reject(new Error('the connection was dropped'))
}
