import { randomBytes } from 'node:crypto'
import { createPostgresBackend, withBackend } from 'bullmq'
import { tunables } from '@shared/domain/tunables'
import { bellAnswering } from '../bellAnswering.ts'
import { Listeners, WatchCounts } from '../listeners.ts'
import type { BellAnswering, Broker, SessionNews } from '../port.ts'
import { unreachable } from '../refuse.ts'
import { BELL_WORKER, type BellJob, QUEUE, batchRings, bellOptions } from '../runBells.ts'
import { within } from '../within.ts'
import { connectNews } from './newsConnection.ts'
import { readPayload, toPayloads } from './newsPayload.ts'

export interface PostgresBrokerOptions {
  url: string
  /** Of BullMQ's tables. */
  schema?: string
  onError: (error: Error, where: string) => void
}

const { Queue, Worker } = withBackend(createPostgresBackend)
const CHANNEL = 'agentview_news'
const CLOSE_MS = 1_000
/** Connections of each of BullMQ's objects, apart from the one that listens. */
const QUEUE_POOL = 2
/** A slow add is no reason to fail: nobody waits for it. */
const RING_MS = 5_000

/**
 * No Redis: BullMQ on its Postgres backend, NOTIFY as doorbell for readers in other processes. Within a process bells
 * and news go directly, so that one process alone never waits for either.
 */
export async function createPostgresBroker({ url, schema = 'agentview_queue', onError }: PostgresBrokerOptions): Promise<Broker> {
  const self = randomBytes(6).toString('hex')
  const news = new Listeners<SessionNews>(onError)
  const aborts = new Listeners<string[]>(onError)
  const reconnects = new Listeners<void>(onError)
  const watched = new WatchCounts()
  let ownHandler: ((runIds: string[]) => Promise<void>) | null = null
  const connection = { connectionString: url, schema, max: QUEUE_POOL, application_name: 'agentview queue' }

  const channel = await connectNews({
    url,
    channel: CHANNEL,
    onError,
    onReconnect: () => reconnects.tell(),
    onPayload(payload) {
      const { from, seqs, aborts: runIds } = readPayload(payload)
      if (from === self) return
      for (const [sessionId, lastSeq] of seqs) if (watched.has(sessionId)) news.tell({ sessionId, lastSeq })
      if (runIds.length > 0) aborts.tell(runIds)
    },
  }).catch((error: unknown) => {
    throw unreachable('DATABASE_URL', url, error)
  })
  // BullMQ's own tables are made here, under its advisory lock; several processes may do it at once.
  const queue = new Queue<BellJob>(QUEUE, { connection: { ...connection, migrate: true } })
  queue.on('error', (error) => onError(error, 'queue'))
  try {
    await within(RING_MS * 2, queue.waitUntilReady(), 'preparing the queue')
  } catch (error) {
    await Promise.allSettled([channel.close(), queue.close()])
    throw error
  }
  const say = sayInBatches((payload) => channel.notify(payload), self)
  let rings = 0

  const add = batchRings(async (runIds) => {
    await within(RING_MS, queue.add('pull', { runIds }, bellOptions(runIds, rings++)), 'ringing')
  })

  return {
    kind: 'postgres',
    ring(runIds) {
      ownHandler?.([...runIds]).catch((error: Error) => onError(error, 'a bell’s handler'))
      return add(runIds)
    },
    async answerBells(handler): Promise<BellAnswering> {
      const worker = new Worker<BellJob>(
        QUEUE,
        async (job) => {
          await handler(job.data.runIds).catch((error: Error) => onError(error, 'a bell’s handler'))
        },
        { connection, ...BELL_WORKER },
      )
      worker.on('error', (error) => onError(error, 'bells'))
      ownHandler = handler
      const answering = bellAnswering(worker, onError)
      return {
        pause: answering.pause,
        resume: answering.resume,
        close() {
          ownHandler = null
          return answering.close()
        },
      }
    },
    publish(all) {
      for (const one of all) if (watched.has(one.sessionId)) news.tell(one)
      return say(new Map(all.map(({ sessionId, lastSeq }) => [sessionId, lastSeq])), [])
    },
    async watch(sessionId) {
      watched.add(sessionId)
    },
    unwatch: (sessionId) => void watched.remove(sessionId),
    onNews: (listener) => news.add(listener),
    publishAborts(runIds) {
      aborts.tell([...runIds])
      return say(new Map(), runIds)
    },
    onAborts: (listener) => aborts.add(listener),
    onReconnect: (listener) => reconnects.add(listener),
    fault: () => (channel.connected() ? null : 'Postgres: the connection for news is away'),
    depth: () => within(tunables.postgresConnect, queue.getWaitingCount(), 'counting').catch(() => null),
    async close() {
      await Promise.all([
        within(CLOSE_MS, queue.close(), 'closing').catch(() => undefined),
        within(CLOSE_MS, channel.close(), 'closing').catch(() => undefined),
      ])
    },
  }
}

/** One NOTIFY under way at most; of what comes meanwhile only the highest seq of each session is said next. */
function sayInBatches(notify: (payload: string) => Promise<void>, self: string) {
  let seqs = new Map<string, number>()
  let aborts: string[] = []
  let next: Promise<void> | null = null
  let saying: Promise<void> = Promise.resolve()

  async function sayWaiting(): Promise<void> {
    await saying.catch(() => undefined)
    const payloads = toPayloads(self, seqs, aborts)
    seqs = new Map()
    aborts = []
    next = null
    saying = (async () => {
      for (const payload of payloads) await notify(payload)
    })()
    return saying
  }

  return (newSeqs: ReadonlyMap<string, number>, newAborts: readonly string[]): Promise<void> => {
    for (const [sessionId, seq] of newSeqs) seqs.set(sessionId, Math.max(seq, seqs.get(sessionId) ?? 0))
    aborts.push(...newAborts)
    next ??= sayWaiting()
    return next
  }
}
