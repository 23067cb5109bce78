import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'

/** How often each command has run so far, sent by a client or called by a script. */
export type RedisCounts = Readonly<Record<string, number>>

/** Who ran each command, in a sample. */
export type RedisSenders = Readonly<Record<string, { sent: number; inScripts: number }>>

export interface RedisCounter {
  read(): Promise<RedisCounts>
  /** Watches all that Redis does for a while; costs Redis time, so it is not for a measured window. */
  sampleSenders(ms: number): Promise<RedisSenders>
  end(): void
}

export async function startRedisCounter(url: string): Promise<RedisCounter> {
  const redis = new Redis(url, { lazyConnect: true, enableReadyCheck: false })
  // Redis stops before it when something fails.
  redis.on('error', () => undefined)
  await redis.connect()
  return {
    read: async () => parseCommandStats(await redis.info('commandstats')),
    sampleSenders: (ms) => sampleSenders(redis, ms),
    end: () => redis.disconnect(),
  }
}

/** Reads `INFO commandstats`; a subcommand counts as its command. */
export function parseCommandStats(info: string): RedisCounts {
  const counts: Record<string, number> = {}
  for (const [, name = '', calls] of info.matchAll(/^cmdstat_([^:|]+)[^:]*:calls=(\d+)/gm)) {
    counts[name] = (counts[name] ?? 0) + Number(calls)
  }
  return counts
}

async function sampleSenders(redis: Redis, ms: number): Promise<RedisSenders> {
  const senders: Record<string, { sent: number; inScripts: number }> = {}
  const monitor = await redis.monitor()
  monitor.on('monitor', (_time: string, [name = '']: string[], source: string) => {
    const sender = (senders[name.toLowerCase()] ??= { sent: 0, inScripts: 0 })
    if (source === 'lua') sender.inScripts++
    else sender.sent++
  })
  await sleep(ms)
  monitor.disconnect()
  return senders
}

/** The bench's own: what it asks while it measures. */
const OWN = new Set(['info', 'monitor'])

export interface RedisUse {
  /** Commands that our processes have sent. */
  sent: number
  /** Commands that scripts (BullMQ's) have called inside Redis. */
  inScripts: number
  sentByName: Readonly<Record<string, number>>
}

/**
 * What ran between two readings, by who ran it. Redis counts both alike, so each command is divided as in the sample; one
 * that the sample has not met counts as sent.
 */
export function redisUse(before: RedisCounts, after: RedisCounts, senders: RedisSenders): RedisUse {
  const sentByName: Record<string, number> = {}
  let inScripts = 0
  for (const [name, count] of Object.entries(after)) {
    const ran = count - (before[name] ?? 0)
    if (ran === 0 || OWN.has(name)) continue
    const { sent, inScripts: called } = senders[name] ?? { sent: 1, inScripts: 0 }
    const bySender = (ran * sent) / (sent + called)
    if (bySender > 0) sentByName[name] = bySender
    inScripts += ran - bySender
  }
  return { sent: Object.values(sentByName).reduce((sum, count) => sum + count, 0), inScripts, sentByName }
}
