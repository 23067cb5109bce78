import { createBroker } from '@shared/broker/createBroker'
import type { Broker } from '@shared/broker/port'
import { readEvents } from '@shared/store/readEvents'
import { testRedisUrl } from '../../../test/redis.ts'
import { RandomSession } from '../../store/test/randomSession.ts'
import { type TestEngine, startTestEngine } from '../../store/test/testEngine.ts'
import { type SessionFeeds, createSessionFeeds } from '../sessionFeeds.ts'
import type { Random } from './random.ts'

/** Sessions that are written and said by one process, and read by another. */
export interface FeedWorld {
  engine: TestEngine
  /** Of the reading process. */
  feeds: SessionFeeds
  /** Watches of the reading process that were not taken back. */
  watches(): number
  newWriter(random: Random): Promise<Writer>
  close(): Promise<void>
}

export interface Writer {
  sessionId: string
  /** One thing that may happen to a session, by chance unless said; says what was committed. */
  step(what?: 'say' | (typeof STEPS)[number]): Promise<void>
  /** Says everything of which nothing was said yet. */
  say(): Promise<void>
  lastSeq(): Promise<number>
}

export interface FeedWorldOptions {
  kind: Broker['kind']
  /** What the reading process hears and says. */
  wrapBroker?: (broker: Broker) => Broker
  /** Instead of the broker's own. */
  watch?: (sessionId: string) => Promise<void>
}

export async function startFeedWorld(options: FeedWorldOptions): Promise<FeedWorld> {
  const { kind, wrapBroker = (broker) => broker } = options
  const engine = await startTestEngine()
  const databaseUrl = String(engine.db.options.connectionString)
  const open = () =>
    createBroker({ databaseUrl, ...(kind === 'redis' && { redisUrl: testRedisUrl() }), onError: () => undefined })
  const [writing, reading] = [await open(), await open()]
  let watches = 0
  const counted: Broker = {
    ...wrapBroker(reading),
    watch(sessionId) {
      watches++
      return options.watch?.(sessionId) ?? reading.watch(sessionId)
    },
    unwatch(sessionId) {
      watches--
      reading.unwatch(sessionId)
    },
  }
  const feeds = createSessionFeeds({ db: engine.db, broker: counted, log: { warn: () => undefined } })
  return {
    engine,
    feeds,
    watches: () => watches,
    newWriter: (random) => newWriter(engine, writing, random),
    async close() {
      feeds.close('shutdown')
      await Promise.all([writing.close(), reading.close()])
      await engine.close()
    },
  }
}

const STEPS = [
  'claim',
  'open',
  'whole',
  'grow',
  'grow',
  'grow',
  'grow',
  'close',
  'finish',
  'fail',
  'retry',
  'cancel',
] as const

async function newWriter(engine: TestEngine, broker: Broker, random: Random): Promise<Writer> {
  const sessionId = await engine.newSession()
  const session = new RandomSession(engine, sessionId)
  let said = 0
  const writer: Writer = {
    sessionId,
    async step(what) {
      const step = what ?? (random.chance(0.2) ? 'say' : STEPS[random.below(STEPS.length)]!)
      await session.take({ step, pick: random.below(100) })
      await writer.say()
    },
    async say() {
      const page = (await readEvents(engine.db, sessionId, said, 100_000))!
      if (page.lastSeq === said) return
      said = page.lastSeq
      // News may be late on a busy machine, and may be lost on any: readers find what it was about.
      await broker.publish([{ sessionId, lastSeq: said, events: page.events }]).catch(() => undefined)
    },
    lastSeq: async () => (await readEvents(engine.db, sessionId, 0, 1))!.lastSeq,
  }
  return writer
}
