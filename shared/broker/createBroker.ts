import type { OnError } from './faults.ts'
import type { Broker } from './port.ts'
import { createPostgresBroker } from './postgres/createPostgresBroker.ts'
import { createRedisBroker } from './redis/createRedisBroker.ts'

export interface BrokerOptions {
  /** Without it queue and pub/sub run on Postgres. */
  redisUrl?: string | undefined
  databaseUrl: string
  /** Told of errors that nobody waits for, without what must not be logged; repeated ones only now and then. */
  onError: OnError
}

/**
 * The broker that a process uses for all its life. Throws an Error of one line within seconds when the service doesn't
 * answer: what happened and what to do, without a password.
 */
export function createBroker({ redisUrl, databaseUrl, onError }: BrokerOptions): Promise<Broker> {
  return redisUrl ? createRedisBroker({ url: redisUrl, onError }) : createPostgresBroker({ url: databaseUrl, onError })
}
