import { createRounds } from '@shared/domain/rounds'
import { tunables } from '@shared/domain/tunables'
import { isRefusedStatement } from '@shared/store/connectionTrouble'
import { type SealedEnd, type WorkerEnd, endRuns, sealEnd } from '@shared/store/endRuns'
import type { Database } from '@shared/store/pool'
import type { EndOutcome } from '@shared/store/runTransitions'

/**
 * Ends runs together: those that end in the same turn of the event loop, and all that ended while many were under way. While
 * little ends, an end waits for nothing.
 */
export interface FinishBatches {
  /** Rejects with what Postgres says of this end; it is not tried again here. */
  end(end: WorkerEnd): Promise<EndOutcome>
}

interface Waiting {
  sealed: SealedEnd
  resolve: (outcome: EndOutcome) => void
  reject: (error: unknown) => void
}

export function createFinishBatches(db: Database): FinishBatches {
  const rounds = createRounds<Waiting>({ ...tunables.finish, take: takeBatch, send: write })

  async function write(batch: Waiting[]): Promise<void> {
    try {
      const outcomes = await endRuns(
        db,
        batch.map(({ sealed }) => sealed),
      )
      batch.forEach(({ resolve }, index) => resolve(outcomes[index]!))
    } catch (error) {
      // It was rolled back whole: each is tried alone, so that the one that is to blame takes no other with it.
      if (isRefusedStatement(error) && batch.length > 1) for (const one of batch) await write([one])
      else for (const { reject } of batch) reject(error)
    }
  }

  return { end: (end) => new Promise((resolve, reject) => rounds.add({ sealed: sealEnd(end), resolve, reject })) }
}

/** Takes as many as may be written together; at least one. */
function takeBatch(waiting: Waiting[]): Waiting[] {
  let characters = 0
  const beyond = waiting.findIndex(({ sealed }) => (characters += sealed.json.length) > tunables.finishChars)
  return waiting.splice(0, beyond === -1 ? waiting.length : Math.max(1, beyond))
}
