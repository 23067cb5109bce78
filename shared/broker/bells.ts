import { randomUUID } from 'node:crypto'
import type { JobsOptions, QueueOptions, WorkerOptions } from 'bullmq'
import { tunables } from '@shared/domain/tunables'
import { createBatches } from './batches.ts'

/** The BullMQ queue whose jobs are bells. */
export const BELL_QUEUE = 'runs'

/** A bell's payload: ids only. */
export interface Bell {
  runIds: string[]
  /** Which broker rang. */
  from: string
}

/** A job's payload stays small: what is beyond goes into further jobs. */
const RUN_IDS_PER_BELL = 500
/** What waits while the queue is stuck. Whatever is beyond it, the reconciler rings later. */
const RUN_IDS_WAITING = 10_000

/** A kept failed job would make an add under its id a silent no-op, and a retry is never a bell's business. */
export const bellJobOptions: JobsOptions = { attempts: 1, removeOnComplete: true, removeOnFail: true }

/** BullMQ writes an event stream that nobody here reads. */
export const bellQueueOptions: Pick<QueueOptions, 'defaultJobOptions' | 'streams'> = {
  defaultJobOptions: bellJobOptions,
  streams: { events: { maxLen: 100 } },
}

/** One bell at a time, so that a worker whose slots fill up leaves the next one to others. */
export const bellWorkerOptions: Omit<WorkerOptions, 'connection'> = {
  autorun: false,
  concurrency: 1,
  drainDelay: tunables.broker.drainDelay / 1_000,
  runRetryDelay: tunables.broker.retry,
  // A process that is killed again and again is no fault of the bell's.
  maxStalledCount: 1_000_000,
  removeOnComplete: { count: 0 },
  removeOnFail: { count: 0 },
}

export interface BellRope {
  ring(runIds: readonly string[]): Promise<void>
  drained(): Promise<void>
}

type AddJob = (name: string, bell: Bell, options: { jobId: string }) => Promise<unknown>

/** Rings by adding one job for all ids of a tick, or for all that came while the last add was under way. */
export function createBellRope(from: string, add: AddJob): BellRope {
  let rung = 0

  async function send(batch: Set<string>): Promise<void> {
    const runIds = [...batch]
    for (let start = 0; start < runIds.length; start += RUN_IDS_PER_BELL) {
      const bell = { runIds: runIds.slice(start, start + RUN_IDS_PER_BELL), from }
      await add('bell', bell, { jobId: `run-${randomUUID()}-${++rung}` })
    }
  }

  const batches = createBatches({
    open: () => new Set<string>(),
    send,
    late: 'the queue did not take the bell in time',
  })
  return {
    async ring(runIds) {
      if (runIds.length === 0) return
      await batches.join((batch) => {
        if (batch.size + runIds.length > RUN_IDS_WAITING) throw new Error('too many bells wait for the queue')
        for (const runId of runIds) batch.add(runId)
      })
    },
    drained: () => batches.drained(),
  }
}
