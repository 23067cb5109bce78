import { RateLimiterPostgres, RateLimiterRedis, type RateLimiterStoreAbstract } from 'rate-limiter-flexible'
import { type OnError, createReporter, parseAddress } from '@shared/broker/faults'
import { closeRedis, openRedis } from '@shared/broker/redis/connections'
import { tunables } from '@shared/domain/tunables'
import type { Database } from '@shared/store/pool'
import type { Count } from './rateLimit.ts'
import type { HolderKind } from './settings.ts'

/** Where processes count together: in Redis, or in Postgres (table rate_counters) where there is none. */
export interface Counters {
  of(kind: HolderKind): Count
  close(): Promise<void>
}

export interface CountersOptions {
  redisUrl?: string | undefined
  db: Database
  /** Before every key. In braces, so that Redis Cluster keeps them where the queue's are. */
  prefix?: string
  /** Told when counting fails, now and then. */
  onError: OnError
}

/**
 * Counters of rate-limiter-flexible. While the store is away they reject: at once (Redis is not connected), or after the
 * times of its connections. The insurance for that is the count that each process keeps by itself (rateLimit.ts), so
 * the package's own is not used. Throws one line that says what to do when Redis doesn't answer at the start.
 */
export async function openCounters({ redisUrl, db, prefix, onError }: CountersOptions): Promise<Counters> {
  const report = createReporter(onError)
  const name = prefix ?? '{agentview}'
  // How much is too much is judged in rateLimit.ts; here is only counted.
  const optionsOf = (kind: HolderKind) => ({
    keyPrefix: `${name}:rate:${kind}`,
    points: 1,
    duration: tunables.rateLimits.window / 1_000,
  })
  const telling =
    (limiter: RateLimiterStoreAbstract): Count =>
    async (id, points, windowSeconds) => {
      try {
        const counted = await limiter.penalty(id, points, { customDuration: windowSeconds })
        return { points: counted.consumedPoints, msLeft: counted.msBeforeNext }
      } catch (error) {
        report(error, 'the rate limits')
        throw error
      }
    }
  if (redisUrl === undefined) {
    const of = (kind: HolderKind) =>
      new RateLimiterPostgres({
        ...optionsOf(kind),
        storeClient: db,
        storeType: 'pool',
        tableName: 'rate_counters',
        tableCreated: true,
        // All have one table: one of them forgets for all what has ended.
        clearExpiredByTimeout: kind === 'user',
      })
    return { of: (kind) => telling(of(kind)), close: async () => undefined }
  }
  const address = parseAddress(redisUrl, ['redis:', 'rediss:'], 'REDIS_URL')
  const redis = await openRedis({ url: address, name: `${name}:limits`, kind: 'impatient', report })
  const of = (kind: HolderKind) =>
    new RateLimiterRedis({ ...optionsOf(kind), storeClient: redis, rejectIfRedisNotReady: true })
  return { of: (kind) => telling(of(kind)), close: () => closeRedis(redis) }
}
