import { withBackend } from 'bullmq'
import { tunables } from '@shared/domain/tunables'
import { type ConnectWorker, startAnswering } from '../answering.ts'
import type { Bells } from '../assembleBroker.ts'
import { BellLane } from '../bellLane.ts'
import { type Bell, BELL_QUEUE, bellQueueOptions, createBellRope } from '../bells.ts'
import { settledWithin, within } from '../bounded.ts'
import { plainError } from '../faults.ts'
import { connectionConfig } from './connectionConfig.ts'
import { connectPostgresWorker } from './connectWorker.ts'
import { OwnBells } from './ownBells.ts'
import { createQueueBackend } from './queueBackend.ts'

const { Queue } = withBackend(createQueueBackend)

export interface PostgresBells extends Bells {
  /** Cuts all connections; they are made anew when they are needed. */
  sever(): void
}

export interface PostgresBellsOptions {
  url: URL
  schema: string
  id: string
  report(error: unknown, where: string): void
}

/**
 *   ring ─▶ this process' own handler, at once ─▶ (the job is skipped when it comes back here)
 *        └▶ BullMQ on Postgres, one add at a time ─▶ whoever answers
 * The producer has one connection; each worker one for queries and one that listens.
 */
export async function startPostgresBells({ url, schema, id, report }: PostgresBellsOptions): Promise<PostgresBells> {
  const own = new OwnBells()
  const producer = connectionConfig(url, 'agentview queue')
  const severs = new Set([producer.sever])
  const connection = { ...producer.config, schema, max: 1 }
  const queue = new Queue<Bell, void>(BELL_QUEUE, { connection, ...bellQueueOptions })
  queue.on('error', (error) => report(error, 'the queue'))
  try {
    await within(queue.waitUntilReady(), tunables.broker.start, 'Postgres did not answer the queue in time')
  } catch (error) {
    await settledWithin(queue.close(), tunables.broker.closeConnections)
    producer.sever()
    throw error
  }

  const rope = createBellRope(id, async (name, bell, options) => {
    await queue.add(name, bell, options).catch((error: unknown) => {
      throw plainError(error, 'Postgres did not take the bell: ')
    })
  })

  return {
    ring(runIds) {
      own.ring(runIds)
      return rope.ring(runIds)
    },
    async answer(handler) {
      const lane = new BellLane(handler, (error) => report(error, 'a bell'))
      const skip = (bell: Bell) => bell.from === id && own.skip(bell.runIds)
      const connect: ConnectWorker = (process, onError) =>
        connectPostgresWorker({ url, schema, severs, process, onError })
      const answering = await startAnswering({ lane, skip, connect, report })
      own.add(lane)
      return {
        ...answering,
        close() {
          own.remove(lane)
          return answering.close()
        },
      }
    },
    async depth() {
      const count = within(queue.getWaitingCount(), tunables.redisCommand, 'Postgres did not count in time')
      return count.catch(() => null)
    },
    sever() {
      for (const sever of severs) sever()
    },
    async close() {
      await settledWithin(rope.drained(), tunables.redisCommand)
      await settledWithin(queue.close(), tunables.broker.closeConnections)
      producer.sever()
    },
  }
}
