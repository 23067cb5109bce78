import type { Redis } from 'ioredis'
import type { SessionEvent } from '@shared/domain/events'
import { tunables } from '@shared/domain/tunables'
import type { News } from '../assembleBroker.ts'
import type { Audience } from '../audience.ts'
import { createBatches } from '../batches.ts'
import { settledWithin } from '../bounded.ts'
import { plainError } from '../faults.ts'
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
 *           └▶ a batch ─▶ PUBLISH <prefix>:session:<id> in one pipeline ─▶ other processes ─▶ their listeners
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

  const batches = createBatches<Message[]>({
    open: () => [],
    send: (messages) => publishAll(commands, messages),
    late: 'Redis did not take the news in time',
  })
  const say = (channel: string, text: string) =>
    batches.join((messages) => void messages.push([channel, `${id}\n${text}`]))

  async function subscribeAll(): Promise<void> {
    const channels = [abortsChannel, ...audience.watched().map((sessionId) => sessionPrefix + sessionId)]
    for (let start = 0; start < channels.length; start += CHANNELS_AT_ONCE) {
      await subscriber.subscribe(...channels.slice(start, start + CHANNELS_AT_ONCE))
    }
  }

  await subscribeAll()
  // A failure here is the connection's: it is closed then, and the next 'ready' does all again.
  subscriber.on('ready', () => {
    subscribeAll().then(
      () => audience.tellReconnect(),
      () => undefined,
    )
  })
  // Without a question now and then a lost peer stays unnoticed: a subscriber only listens.
  const alive = setInterval(() => void subscriber.ping().catch(() => undefined), tunables.broker.alive)
  alive.unref()

  return {
    async publish(news) {
      for (const one of news) audience.tellNews(one)
      await Promise.all(news.map(({ sessionId, ...said }) => say(sessionPrefix + sessionId, JSON.stringify(said))))
    },
    async publishAborts(runIds) {
      if (runIds.length === 0) return
      audience.tellAborts(runIds)
      await say(abortsChannel, JSON.stringify(runIds))
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
      await Promise.all([settledWithin(batches.drained(), tunables.broker.closeConnections), closeRedis(subscriber)])
    },
  }
}

/** One round trip, in order. */
async function publishAll(commands: Redis, messages: Message[]): Promise<void> {
  const pipeline = commands.pipeline()
  for (const [channel, text] of messages) pipeline.publish(channel, text)
  const results = (await pipeline.exec()) ?? []
  const failed = results.find(([error]) => error)
  if (failed) throw plainError(failed[0], 'Redis did not take the news: ')
}
