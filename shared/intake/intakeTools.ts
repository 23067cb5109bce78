import type { Broker } from '@shared/broker/port'
import type { Database } from '@shared/store/pool'

/** What intake works with; HTTP and sockets both bring it. */
export interface IntakeTools {
  db: Database
  broker: Broker
  log: { debug(details: object, line: string): void }
}
