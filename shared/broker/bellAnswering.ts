import type { BellAnswering } from './port.ts'
import { within } from './within.ts'

const CLOSE_MS = 1_500

/** The part of a BullMQ worker that both backends have. */
interface ClosableWorker {
  pause(doNotWaitActive?: boolean): Promise<void>
  resume(): void
  close(force?: boolean): Promise<void>
}

export function bellAnswering(worker: ClosableWorker, onError: (error: Error, where: string) => void): BellAnswering {
  return {
    pause: () => void worker.pause(true).catch((error: Error) => onError(error, 'pausing bells')),
    resume: () => worker.resume(),
    async close() {
      await within(CLOSE_MS, worker.close(), 'closing').catch(() =>
        within(CLOSE_MS, worker.close(true), 'closing').catch((error: Error) => onError(error, 'closing bells')),
      )
    },
  }
}
