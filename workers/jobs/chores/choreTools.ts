import type { Logger } from 'pino'
import type { Broker } from '@shared/broker/port'
import { isConnectionTrouble } from '@shared/store/connectionTrouble'
import type { Database } from '@shared/store/pool'

/** What the reconciler's chores work with. */
export interface ChoreTools {
  db: Database
  broker: Broker
  log: Logger
}

/** How many findings one look takes on. */
export const CHORE_BATCH = 500

/** One run that can't be helped must not keep the others from it. Connection trouble ends the round. */
export async function unlessRefused<Result>(
  { log }: ChoreTools,
  subject: object,
  work: () => Promise<Result>,
): Promise<Result | null> {
  try {
    return await work()
  } catch (error) {
    if (isConnectionTrouble(error)) throw error
    log.error({ err: error, ...subject }, 'the reconciler could not help')
    return null
  }
}
