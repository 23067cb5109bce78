import { type Processor, Worker } from 'bullmq'
import { tunables } from '@shared/domain/tunables'
import type { WorkerConnection } from '../answering.ts'
import { type Bell, BELL_QUEUE, bellWorkerOptions } from '../bells.ts'
import { settledWithin, within } from '../bounded.ts'
import { dropRedis, openRedis, type Report } from './connections.ts'

export interface RedisWorkerOptions {
  url: URL
  prefix: string
  report: Report
  process: Processor<Bell, void, string>
  onError(error: unknown): void
}

/** A queue worker with two connections: one for commands, and BullMQ's copy of it that blocks. */
export async function connectRedisWorker(options: RedisWorkerOptions): Promise<WorkerConnection> {
  const { url, prefix, report, process, onError } = options
  const connection = await openRedis({ url, name: `${prefix}:worker`, kind: 'patient', report })
  const worker = new Worker<Bell, void, string>(BELL_QUEUE, process, { connection, prefix, ...bellWorkerOptions })
  worker.on('error', onError)
  const sever = () => dropRedis(connection)
  try {
    const ready = worker.waitUntilReady().then(() => worker.getBackend().blockingClient)
    const blocking = await within(ready, tunables.broker.start, 'Redis did not answer the queue worker in time')
    return { worker, interrupt: () => blocking && dropRedis(blocking), sever }
  } catch (error) {
    await settledWithin(worker.close(true), tunables.broker.closeConnections)
    sever()
    throw error
  }
}
