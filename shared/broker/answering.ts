import { type Processor, WaitingError } from 'bullmq'
import { tunables } from '@shared/domain/tunables'
import type { BellLane } from './bellLane.ts'
import type { Bell } from './bells.ts'
import { settledWithin } from './bounded.ts'
import type { BellAnswering } from './port.ts'

/** What of BullMQ's Worker is used here, whatever its backend. */
interface QueueWorker {
  run(): Promise<void>
  pause(doNotWaitActive?: boolean): Promise<void>
  resume(): Promise<void>
  close(force?: boolean): Promise<void>
  isRunning(): boolean
  on(event: 'completed' | 'failed', listener: () => void): unknown
}

export interface WorkerConnection {
  worker: QueueWorker
  /** Ends the waiting for the next bell, without which the worker can't be closed. */
  interrupt(): void
  /** Closes the connections for certain. */
  sever(): void
}

/** A worker that is ready but doesn't run yet. Leaves nothing open when it rejects. */
export type ConnectWorker = (
  process: Processor<Bell, void, string>,
  onError: (error: unknown) => void,
) => Promise<WorkerConnection>

export interface AnsweringOptions {
  lane: BellLane
  /** Bells that need no answer any more. */
  skip: (bell: Bell) => boolean
  connect: ConnectWorker
  report: (error: unknown, where: string) => void
}

/**
 *   the queue ─▶ BullMQ's worker ─▶ process ─▶ lane ─▶ the handler
 * Runs until closed. Pausing shuts the lane as well, for the bell that was being fetched just then.
 */
export async function startAnswering({ lane, skip, connect, report }: AnsweringOptions): Promise<BellAnswering> {
  let jobEnded = Promise.resolve()
  let endJob = (): void => undefined
  let closing: Promise<void> | null = null

  // Closing ends what is under way on the connections, which is no news.
  const onError = (error: unknown) => void (closing || report(error, 'the queue worker'))
  const { worker, interrupt, sever } = await connect(async (job, token) => {
    jobEnded = new Promise((resolve) => (endJob = resolve))
    if (skip(job.data) || (await lane.answer(job.data.runIds)) !== 'refused') return
    await job.moveToWait(token)
    endJob()
    throw new WaitingError()
  }, onError)
  worker.on('completed', () => endJob())
  worker.on('failed', () => endJob())
  const run = () => void worker.run().catch(onError)
  run()

  async function close(): Promise<void> {
    lane.shut()
    void worker.pause(true).catch(onError)
    await settledWithin(
      lane.idle().then(() => jobEnded),
      tunables.broker.closeHandler,
    )
    interrupt()
    // Forced, because BullMQ's own waiting has no end while the backend is away.
    await settledWithin(worker.close(true), tunables.broker.closeConnections)
    sever()
  }

  return {
    pause() {
      if (closing || !lane.isOpen) return
      lane.shut()
      void worker.pause(true).catch(onError)
    },
    resume() {
      if (closing || lane.isOpen) return
      lane.reopen()
      void worker.resume()
      // BullMQ's resume does nothing when it meets the very moment in which the paused loop ends.
      setImmediate(() => {
        if (!closing && lane.isOpen && !worker.isRunning()) run()
      })
    },
    close: () => (closing ??= close()),
  }
}
