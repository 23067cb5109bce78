import { isConnectionTrouble } from '@shared/store/connectionTrouble'

/**
 * Why a run's execution is broken off from outside. `cancelled` and `fenced` write nothing more; `shutdown` and
 * `uncertain` (Postgres could not be asked, or it isn't known whether an append was committed) give it back; `refused`
 * (Postgres won't have its events) fails it; `faulty` (a fault of ours keeps them from Postgres) is charged as a failure.
 */
export type AbortReason = 'cancelled' | 'fenced' | 'shutdown' | 'uncertain' | 'refused' | 'faulty'

export class RunAborted extends Error {
  readonly reason: AbortReason

  constructor(reason: AbortReason) {
    super(`the run was broken off: ${reason}`)
    this.reason = reason
  }
}

/** What is read for a run: a Postgres that is away is no fault of the run's, and not charged. */
export async function readForRun<Result>(reading: Promise<Result>): Promise<Result> {
  try {
    return await reading
  } catch (error) {
    throw isConnectionTrouble(error) ? new RunAborted('uncertain') : error
  }
}
