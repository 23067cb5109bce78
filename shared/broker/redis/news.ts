import type { Redis } from 'ioredis'
import type { SessionEvent } from '@shared/domain/events'
import { tunables } from '@shared/domain/tunables'
import type { News } from '../assembleBroker.ts'
import type { Audience } from '../audience.ts'
import { within } from '../bounded.ts'
import { plainError } from '../faults.ts'
import { intervals } from '../intervals.ts'
import { closeRedis, type Report } from './connections.ts'

export interface RedisNewsOptions {
  commands: Redis
  subscriber: Redis
  audience: Audience
  prefix: string
  /** This broker's mark on what it sends. */
  id: string
  report: Report
}

type Message = [channel: string, text: string]
/** How many channels one SUBSCRIBE names after a reconnect. */
const CHANNELS_AT_ONCE = 1_000

/**
 *   publish ─▶ listeners of this process, at once
 *           └▶ PUBLISH <prefix>:session:<id>, one pipeline ─▶ other processes ─▶ their listeners
 * Redis returns a message to its sender too; that echo is known by the sender's mark and dropped unread.
 */
export async function startRedisNews(options: RedisNewsOptions): Promise<News> {
  const { commands, subscriber, audience, prefix, id, report } = options
  const sessionPrefix = `${prefix}:session:`
  const abortsChannel = `${prefix}:aborts`

  subscriber.on('message', (channel, message) => {
    const mark = message.indexOf('\n')
    if (message.slice(0, mark) === id) return
    try {
      hear(channel, message.slice(mark + 1))
    } catch (error) {
      report(error, 'a pub/sub message')
    }
  })
  // Only our own processes publish here, so the text is what `publish` and `publishAborts` wrote.
  function hear(channel: string, text: string): void {
    if (channel === abortsChannel) return audience.tellAborts(JSON.parse(text) as string[])
    const said = JSON.parse(text) as { lastSeq: number; events?: SessionEvent[] }
    audience.tellNews({ sessionId: channel.slice(sessionPrefix.length), ...said })
  }

  async function send(messages: Message[]): Promise<void> {
    const pipeline = commands.pipeline()
    for (const [channel, text] of messages) pipeline.publish(channel, `${id}\n${text}`)
    const results = (await within(pipeline.exec(), tunables.redisCommand, 'Redis did not take the news in time')) ?? []
    const failed = results.find(([error]) => error)
    if (failed) throw plainError(failed[0], 'Redis did not take the news: ')
  }

  async function subscribeAll(): Promise<void> {
    const channels = [abortsChannel, ...audience.watched().map((sessionId) => sessionPrefix + sessionId)]
    for (let start = 0; start < channels.length; start += CHANNELS_AT_ONCE) {
      await subscriber.subscribe(...channels.slice(start, start + CHANNELS_AT_ONCE))
    }
  }

  await subscribeAll()
  // A failure here is the connection's: it is closed then, and the next 'ready' does all again.
  subscriber.on(
    'ready',
    () =>
      void subscribeAll().then(
        () => audience.tellReconnect(),
        () => undefined,
      ),
  )
  // Without a question now and then a lost peer stays unnoticed: a subscriber only listens.
  const alive = setInterval(() => void subscriber.ping().catch(() => undefined), intervals.alive)
  alive.unref()

  return {
    async publish(news) {
      for (const one of news) audience.tellNews(one)
      if (news.length === 0) return
      await send(news.map(({ sessionId, ...said }) => [sessionPrefix + sessionId, JSON.stringify(said)]))
    },
    async publishAborts(runIds) {
      if (runIds.length === 0) return
      audience.tellAborts(runIds)
      await send([[abortsChannel, JSON.stringify(runIds)]])
    },
    // Every watch asks Redis, for each must wait until Redis has heard it. While it is away, 'ready' will do it.
    async watch(sessionId) {
      audience.watch(sessionId)
      if (subscriber.status !== 'ready') return
      await subscriber.subscribe(sessionPrefix + sessionId).catch((error: unknown) => {
        if (subscriber.status === 'ready') throw plainError(error, 'Redis did not take the subscription: ')
      })
    },
    unwatch(sessionId) {
      if (audience.unwatch(sessionId)) subscriber.unsubscribe(sessionPrefix + sessionId).catch(() => undefined)
    },
    fault: () => ([commands, subscriber].every(({ status }) => status === 'ready') ? null : 'Redis is not connected'),
    async close() {
      clearInterval(alive)
      await closeRedis(subscriber)
    },
  }
}
