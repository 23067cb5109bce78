import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { assembleBroker } from '../assembleBroker.ts'
import { Audience } from '../audience.ts'
import { createReporter, type OnError, parseAddress } from '../faults.ts'
import type { Broker } from '../port.ts'
import { startRedisBells } from './bells.ts'
import { closeRedis, dropRedis, openRedis } from './connections.ts'
import { startRedisNews } from './news.ts'

export interface RedisBrokerOptions {
  url: string
  /** Before every key and channel. In braces, so that Redis Cluster keeps the queue's keys on one node. */
  prefix?: string
  /** Told of errors that nobody waits for; repeated ones only now and then. */
  onError: OnError
}

/**
 * Queue and pub/sub on Redis. A process that rings, publishes and watches has two connections, one that answers bells
 * two more. Throws one line that says what to do when Redis doesn't answer.
 */
export async function createRedisBroker({ url, prefix = '{agentview}', onError }: RedisBrokerOptions): Promise<Broker> {
  const address = parseAddress(url, ['redis:', 'rediss:'], 'REDIS_URL')
  const report = createReporter(onError)
  const commands = await openRedis({ url: address, name: `${prefix}:commands`, kind: 'impatient', report })
  let subscriber: Redis | undefined
  try {
    subscriber = await openRedis({ url: address, name: `${prefix}:subscriber`, kind: 'impatient', report })
    const id = randomBytes(9).toString('base64url')
    const audience = new Audience((error) => report(error, 'a listener'))
    const news = await startRedisNews({ commands, subscriber, audience, prefix, id, report })
    const bells = await startRedisBells({ commands, url: address, prefix, id, report })
    return assembleBroker('redis', { audience, news, bells, release: () => closeRedis(commands) })
  } catch (error) {
    dropRedis(commands)
    if (subscriber) dropRedis(subscriber)
    throw error
  }
}
