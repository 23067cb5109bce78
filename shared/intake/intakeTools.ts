import type { Broker } from '@shared/broker/port'
import { type Accepting, createAccepting } from '@shared/store/acceptTogether'
import type { Database } from '@shared/store/pool'
import { type KnownSessions, createKnownSessions } from './knownSessions.ts'

/** What intake works with; HTTP and sockets both bring it. */
export interface IntakeTools {
  db: Database
  broker: Broker
  log: { debug(details: object, line: string): void }
  accepting: Accepting
  known: KnownSessions
}

/** All that intake needs of a process; one of them a process, for what it accepts goes together. */
export function createIntake<Log extends IntakeTools['log']>(
  db: Database,
  broker: Broker,
  log: Log,
): IntakeTools & { log: Log } {
  return { db, broker, log, accepting: createAccepting(db), known: createKnownSessions(db) }
}
