import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { tunables } from '@shared/domain/tunables'
import { type ConnectWorker, startAnswering } from '../answering.ts'
import type { Bells } from '../assembleBroker.ts'
import { BellLane } from '../bellLane.ts'
import { type Bell, BELL_QUEUE, bellQueueOptions, createBellRope } from '../bells.ts'
import { settledWithin, within } from '../bounded.ts'
import { plainError } from '../faults.ts'
import type { Report } from './connections.ts'
import { connectRedisWorker } from './connectWorker.ts'

export interface RedisBellsOptions {
  commands: Redis
  url: URL
  prefix: string
  id: string
  report: Report
}

/** BullMQ on Redis. Producers share the broker's impatient connection; each worker has a patient one and a blocking one. */
export async function startRedisBells({ commands, url, prefix, id, report }: RedisBellsOptions): Promise<Bells> {
  const queue = new Queue<Bell, void, string>(BELL_QUEUE, { connection: commands, prefix, ...bellQueueOptions })
  queue.on('error', (error) => report(error, 'the queue'))
  await within(queue.waitUntilReady(), tunables.broker.start, 'Redis did not answer the queue in time')

  const rope = createBellRope(id, async (name, bell, options) => {
    await queue.add(name, bell, options).catch((error: unknown) => {
      throw plainError(error, 'Redis did not take the bell: ')
    })
  })

  return {
    ring: (runIds) => rope.ring(runIds),
    answer(handler) {
      const lane = new BellLane(handler, (error) => report(error, 'a bell'))
      const connect: ConnectWorker = (process, onError) => connectRedisWorker({ url, prefix, report, process, onError })
      return startAnswering({ lane, skip: () => false, connect, report })
    },
    async depth() {
      const count = within(queue.getWaitingCount(), tunables.redisCommand, 'Redis did not count in time')
      return count.catch(() => null)
    },
    async close() {
      await settledWithin(rope.drained(), tunables.redisCommand)
      await settledWithin(queue.close(), tunables.broker.closeConnections)
    },
  }
}
