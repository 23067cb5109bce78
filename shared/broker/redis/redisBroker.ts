import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { tunables } from '@shared/domain/tunables'
import { Listeners, WatchCounts } from '../listeners.ts'
import type { Broker, SessionNews } from '../port.ts'
import { unreachable } from '../refuse.ts'
import { type BellJob, QUEUE, batchRings, bellOptions } from '../runBells.ts'
import { within } from '../within.ts'
import { answerBells } from './answerBells.ts'

export interface RedisBrokerOptions {
  url: string
  /** In braces, so that all keys are in one slot of a Redis Cluster. */
  prefix?: string
  onError: (error: Error, where: string) => void
}

const START_MS = 5_000
const CLOSE_MS = 1_000

/**
 * BullMQ on Redis, and pub/sub that carries the events themselves. Three connections: commands (which fail fast, so that
 * a Redis that is away costs a request milliseconds), subscriptions, and the one that waits for bells.
 */
export async function createRedisBroker({ url, prefix = '{agentview}', onError }: RedisBrokerOptions): Promise<Broker> {
  const retryStrategy = (times: number) => Math.min(100 * times, 1_000)
  const base = { lazyConnect: true, retryStrategy, connectTimeout: START_MS, keepAlive: 10_000 }
  const commands = new Redis(url, { ...base, enableOfflineQueue: false, commandTimeout: tunables.redisCommand, maxRetriesPerRequest: 0 })
  const subscriber = new Redis(url, { ...base, maxRetriesPerRequest: null })
  commands.on('error', (error) => onError(error, 'Redis commands'))
  subscriber.on('error', (error) => onError(error, 'Redis subscriptions'))

  const channelOf = (sessionId: string) => `${prefix}:session:${sessionId}`
  const sessionPrefix = channelOf('')
  const abortsChannel = `${prefix}:aborts`
  const news = new Listeners<SessionNews>(onError)
  const aborts = new Listeners<string[]>(onError)
  const reconnects = new Listeners<void>(onError)
  const watched = new WatchCounts()

  subscriber.on('message', (channel: string, message: string) => {
    if (channel === abortsChannel) aborts.tell(JSON.parse(message))
    else news.tell({ sessionId: channel.slice(sessionPrefix.length), ...JSON.parse(message) })
  })

  try {
    await within(START_MS, Promise.all([commands.connect(), subscriber.connect()]), 'connecting')
    await within(START_MS, subscriber.subscribe(abortsChannel), 'subscribing')
  } catch (error) {
    commands.disconnect()
    subscriber.disconnect()
    throw unreachable('REDIS_URL', url, error)
  }
  // ioredis subscribes again by itself; this one more subscription is answered after all of those.
  subscriber.on('ready', () => {
    subscriber.subscribe(abortsChannel).then(
      () => reconnects.tell(),
      (error: Error) => onError(error, 'Redis subscriptions'),
    )
  })

  const queue = new Queue<BellJob>(QUEUE, { connection: commands, prefix, streams: { events: { maxLen: 100 } } })
  queue.on('error', (error) => onError(error, 'queue'))
  let rings = 0

  return {
    kind: 'redis',
    ring: batchRings(async (runIds) => {
      await within(tunables.redisCommand, queue.add('pull', { runIds }, bellOptions(runIds, rings++)), 'ringing')
    }),
    answerBells: (handler) => answerBells({ url, prefix, handler, onError }),
    async publish(all) {
      const pipeline = commands.pipeline()
      for (const { sessionId, ...rest } of all) pipeline.publish(channelOf(sessionId), JSON.stringify(rest))
      const results = await pipeline.exec()
      const failed = results?.find(([error]) => error !== null)
      if (failed?.[0]) throw failed[0]
    },
    async watch(sessionId) {
      if (watched.add(sessionId)) await subscriber.subscribe(channelOf(sessionId))
    },
    unwatch(sessionId) {
      if (!watched.remove(sessionId)) return
      subscriber.unsubscribe(channelOf(sessionId)).catch((error: Error) => onError(error, 'Redis subscriptions'))
    },
    onNews: (listener) => news.add(listener),
    async publishAborts(runIds) {
      await commands.publish(abortsChannel, JSON.stringify(runIds))
    },
    onAborts: (listener) => aborts.add(listener),
    onReconnect: (listener) => reconnects.add(listener),
    fault() {
      if (commands.status !== 'ready') return `Redis commands: ${commands.status}`
      return subscriber.status === 'ready' ? null : `Redis subscriptions: ${subscriber.status}`
    },
    depth: () => within(tunables.redisCommand, queue.getWaitingCount(), 'counting').catch(() => null),
    async close() {
      await within(CLOSE_MS, queue.close(), 'closing').catch(() => undefined)
      commands.disconnect()
      subscriber.disconnect()
    },
  }
}
