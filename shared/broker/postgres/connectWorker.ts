import { type Processor, withBackend } from 'bullmq'
import { tunables } from '@shared/domain/tunables'
import type { WorkerConnection } from '../answering.ts'
import { type Bell, BELL_QUEUE, bellWorkerOptions } from '../bells.ts'
import { settledWithin, within } from '../bounded.ts'
import { connectionConfig } from './connectionConfig.ts'
import { createQueueBackend } from './queueBackend.ts'

const { Worker } = withBackend(createQueueBackend)

export interface PostgresWorkerOptions {
  url: URL
  schema: string
  /** Gets the function that cuts the worker's connections, while there are any. */
  severs: Set<() => void>
  process: Processor<Bell, void, string>
  onError(error: unknown): void
}

/** A queue worker with two connections: one for queries, and one that BullMQ listens on. */
export async function connectPostgresWorker(options: PostgresWorkerOptions): Promise<WorkerConnection> {
  const { url, schema, severs, process, onError } = options
  const connections = connectionConfig(url, 'agentview queue worker')
  const connection = { ...connections.config, schema, max: 1 }
  const worker = new Worker<Bell, void, string>(BELL_QUEUE, process, { connection, ...bellWorkerOptions })
  worker.on('error', onError)
  severs.add(connections.sever)
  const sever = () => {
    severs.delete(connections.sever)
    connections.sever()
  }
  try {
    await within(worker.waitUntilReady(), tunables.broker.start, 'Postgres did not answer the queue worker in time')
  } catch (error) {
    await settledWithin(worker.close(true), tunables.broker.closeConnections)
    sever()
    throw error
  }
  return { worker, interrupt: () => void worker.getBackend().disconnectBlocking(false), sever }
}
