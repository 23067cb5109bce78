import type { Broker } from './port.ts'
import { createPostgresBroker } from './postgres/createPostgresBroker.ts'
import { createRedisBroker } from './redis/createRedisBroker.ts'

export interface BrokerOptions {
  /** Absent: queue and pub/sub run on Postgres. */
  redisUrl?: string
  databaseUrl: string
  /** Trouble that the broker gets over by itself, for the log. */
  onError: (error: Error, where: string) => void
}

/** The broker of a process. Throws an Error with one readable line when its backend does not answer. */
export function createBroker({ redisUrl, databaseUrl, onError }: BrokerOptions): Promise<Broker> {
  if (redisUrl !== undefined) return createRedisBroker({ url: redisUrl, onError })
  return createPostgresBroker({ url: databaseUrl, onError })
}
