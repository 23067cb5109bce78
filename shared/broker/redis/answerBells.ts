import { Worker } from 'bullmq'
import { bellAnswering } from '../bellAnswering.ts'
import type { BellAnswering } from '../port.ts'
import { BELL_WORKER, type BellJob, QUEUE } from '../runBells.ts'

export interface AnswerBellsOptions {
  url: string
  prefix: string
  handler: (runIds: string[]) => Promise<void>
  onError: (error: Error, where: string) => void
}

/** A BullMQ worker that only passes hints on; a handler that fails is reported, never the queue's failure. */
export async function answerBells({ url, prefix, handler, onError }: AnswerBellsOptions): Promise<BellAnswering> {
  const worker = new Worker<BellJob>(
    QUEUE,
    async (job) => {
      try {
        await handler(job.data.runIds)
      } catch (error) {
        onError(error instanceof Error ? error : new Error(String(error)), 'a bell’s handler')
      }
    },
    { connection: { url, maxRetriesPerRequest: null }, prefix, ...BELL_WORKER },
  )
  worker.on('error', (error) => onError(error, 'bells'))
  return bellAnswering(worker, onError)
}
