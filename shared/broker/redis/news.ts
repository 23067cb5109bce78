import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Cut } from '@shared/domain/cuts'
import { gather } from '@shared/domain/gather'
import { LogEntry } from '@shared/domain/logEntry'
import { tunables } from '@shared/domain/tunables'
import type { News } from '../assembleBroker.ts'
import type { Audience } from '../audience.ts'
import type { HeardNews } from '../port.ts'
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

/** Channel and text of each message, by turns: the arguments of PUBLISH_ALL. */
type Messages = string[]
/** How many channels one SUBSCRIBE names. */
const CHANNELS_AT_ONCE = 1_000
/** How many messages one command publishes: Redis does nothing else meanwhile, for less than a millisecond. */
const MESSAGES_AT_ONCE = 500

/**
 *   publish ─▶ listeners of this process, at once
 *           └▶ a batch ─▶ one command that publishes to <prefix>:session:<id> each ─▶ other processes ─▶ their listeners
 * Redis returns a message to its sender too; that echo is known by the sender's mark and dropped unread.
 */
export async function startRedisNews(options: RedisNewsOptions): Promise<News> {
  const { commands, subscriber, audience, prefix, id, report } = options
  const sessionPrefix = `${prefix}:session:`
  const abortsChannel = `${prefix}:aborts`
  const cutsChannel = `${prefix}:cuts`

  subscriber.on('message', (channel, message) => {
    const mark = message.indexOf('\n')
    if (message.slice(0, mark) === id) return
    try {
      hear(channel, message.slice(mark + 1))
    } catch (error) {
      report(error, 'a pub/sub message')
    }
  })
  // Only our own processes publish here, so the text is what the functions below wrote.
  function hear(channel: string, text: string): void {
    if (channel === abortsChannel) return audience.tellAborts(JSON.parse(text) as string[])
    if (channel === cutsChannel) return audience.tellCuts(JSON.parse(text) as Cut[])
    audience.tellNews(unpackNews(channel.slice(sessionPrefix.length), text))
  }

  const batches = createBatches<Messages>({
    open: () => [],
    send: (messages) => publishAll(commands, messages),
    late: 'Redis did not take the news in time',
  })
  const marked = (text: string) => `${id}\n${text}`

  const channelsOf = (sessionIds: readonly string[]) => sessionIds.map((sessionId) => sessionPrefix + sessionId)
  async function subscribeAll(): Promise<void> {
    const channels = [abortsChannel, cutsChannel, ...channelsOf(audience.watched())]
    for (let start = 0; start < channels.length; start += CHANNELS_AT_ONCE) {
      await subscriber.subscribe(...channels.slice(start, start + CHANNELS_AT_ONCE))
    }
  }

  // Who is watched is looked at when the command goes: a watch may have been taken back while it waited, or begun anew.
  const begin = gather<string, void>(CHANNELS_AT_ONCE, async (sessionIds) => {
    const channels = channelsOf(sessionIds.filter((sessionId) => audience.isWatched(sessionId)))
    if (channels.length > 0) await subscriber.subscribe(...channels)
    return []
  })
  const end = gather<string, void>(CHANNELS_AT_ONCE, async (sessionIds) => {
    const channels = channelsOf(sessionIds.filter((sessionId) => !audience.isWatched(sessionId)))
    if (channels.length > 0) await subscriber.unsubscribe(...channels)
    return []
  })

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
      if (news.length === 0) return
      const said = audience.tellOwn(news)
      await batches.join((messages) => {
        for (const one of said) messages.push(sessionPrefix + one.sessionId, marked(packNews(one)))
      })
    },
    async publishAborts(runIds) {
      if (runIds.length === 0) return
      audience.tellAborts(runIds)
      await batches.join((messages) => void messages.push(abortsChannel, marked(JSON.stringify(runIds))))
    },
    async publishCuts(cuts) {
      if (cuts.length === 0) return
      audience.tellCuts(cuts)
      await batches.join((messages) => void messages.push(cutsChannel, marked(JSON.stringify(cuts))))
    },
    // Every watch asks Redis, for each must wait until Redis has heard it. While it is away, 'ready' will do it.
    async watch(sessionId) {
      audience.watch(sessionId)
      if (subscriber.status !== 'ready') return
      await begin(sessionId).catch((error: unknown) => {
        if (subscriber.status === 'ready') throw plainError(error, 'Redis did not take the subscription: ')
      })
    },
    unwatch(sessionId) {
      if (audience.unwatch(sessionId)) end(sessionId).catch(() => undefined)
    },
    fault: () => ([commands, subscriber].every(({ status }) => status === 'ready') ? null : 'Redis is not connected'),
    async close() {
      clearInterval(alive)
      await Promise.all([settledWithin(batches.drained(), tunables.broker.closeConnections), closeRedis(subscriber)])
    },
  }
}

/** One command however many sessions there is news of: each by itself would cost its sender and Redis a call. */
const PUBLISH_ALL = "for i = 1, #ARGV, 2 do redis.call('publish', ARGV[i], ARGV[i + 1]) end"
const PUBLISH_ALL_SHA = createHash('sha1').update(PUBLISH_ALL).digest('hex')

/** In order. */
async function publishAll(commands: Redis, messages: Messages): Promise<void> {
  try {
    for (let start = 0; start < messages.length; start += 2 * MESSAGES_AT_ONCE) {
      await publishSome(commands, messages.slice(start, start + 2 * MESSAGES_AT_ONCE))
    }
  } catch (error) {
    throw plainError(error, 'Redis did not take the news: ')
  }
}

async function publishSome(commands: Redis, messages: Messages): Promise<void> {
  try {
    await commands.call('evalsha', [PUBLISH_ALL_SHA, 0, ...messages])
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    // Redis is new to the script, and keeps it from now on.
    await commands.call('eval', [PUBLISH_ALL, 0, ...messages])
  }
}

/** `<lastSeq>` and a line for each event: JSON has no line ends, and whoever passes it on need not take it apart. */
function packNews({ lastSeq, entries = [] }: HeardNews): string {
  return [lastSeq, ...entries.map(({ text }) => text)].join('\n')
}

function unpackNews(sessionId: string, text: string): HeardNews {
  const [lastSeq, ...lines] = text.split('\n')
  const entries = lines.map((line) => LogEntry.read(line))
  return { sessionId, lastSeq: Number(lastSeq), ...(entries.length > 0 && { entries }) }
}
