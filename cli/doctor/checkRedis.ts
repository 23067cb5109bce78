import { Redis } from 'ioredis'
import { type Finding, bad, ok, reasonOf, warn } from './finding.ts'

const OLDEST = [6, 2] as const
const ANSWER_MS = 5_000

/** Reachable, new enough, and set so that it forgets nothing of its own accord. */
export async function checkRedis(redisUrl: string): Promise<Finding[]> {
  const redis = new Redis(redisUrl, {
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: ANSWER_MS,
    commandTimeout: ANSWER_MS,
  })
  redis.on('error', () => undefined)
  try {
    await redis.connect()
    return judgeInfo(await redis.info())
  } catch (error) {
    const advice = 'Is it running, and are host, port and password in REDIS_URL right?'
    return [bad('Redis', `can not be used (${reasonOf(error)})`, advice)]
  } finally {
    // One that has ended by itself would only start a timer.
    if (redis.status !== 'end') redis.disconnect()
  }
}

/** Verdicts on what INFO says. */
export function judgeInfo(info: string): Finding[] {
  const read = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? ''
  const version = read('redis_version')
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const recent = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])
  const policy = read('maxmemory_policy')
  return [
    recent ? ok('Redis', version) : bad('Redis', `is ${version}`, 'Use Redis 6.2 or newer.'),
    policy === 'noeviction'
      ? ok('Redis memory', 'noeviction')
      : bad(
          'Redis memory',
          `maxmemory-policy is ${policy || 'unknown'}: jobs would vanish when memory is short`,
          'Set maxmemory-policy noeviction.',
        ),
    read('aof_enabled') === '1'
      ? ok('Redis persistence', 'append-only file')
      : warn(
          'Redis persistence',
          'no append-only file: after a crash of Redis, runs wait a few seconds until they are rung again',
          'Set appendonly yes and appendfsync everysec. No message is lost without it.',
        ),
  ]
}
