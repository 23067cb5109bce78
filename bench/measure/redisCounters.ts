import { once } from 'node:events'
import { connect } from 'node:net'
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
    sampleSenders: (ms) => sampleSenders(new URL(url), ms),
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

/** `MONITOR` on a bare connection: under load, clients of Redis stumble over what comes right after its acknowledgement. */
async function sampleSenders(url: URL, ms: number): Promise<RedisSenders> {
  const socket = connect(Number(url.port), url.hostname)
  let told = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (told += chunk))
  await once(socket, 'connect')
  socket.write('MONITOR\r\n')
  await sleep(ms)
  socket.destroy()
  return parseMonitor(told)
}

/** Reads lines such as `+1339518083.107412 [0 127.0.0.1:60866] "keys" "*"`; in a script the address is `lua`. */
export function parseMonitor(told: string): RedisSenders {
  const senders: Record<string, { sent: number; inScripts: number }> = {}
  for (const [, address, name = ''] of told.matchAll(/^\+[\d.]+ \[\d+ (\S+)\] "([^"]+)"/gm)) {
    const sender = (senders[name.toLowerCase()] ??= { sent: 0, inScripts: 0 })
    if (address === 'lua') sender.inScripts++
    else sender.sent++
  }
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
