import type { Broker } from './port.ts'
import type { SessionEvent } from '@shared/domain/events'

/**
 * Says what was committed and rings for runs that may start. Never awaited and never fails its caller: readers find every
 * event in Postgres, and the reconciler rings again.
 */
export function sayCommitted(
  broker: Broker,
  log: { debug(details: object, line: string): void },
  events: readonly SessionEvent[],
  ring: readonly string[],
): void {
  const last = events.at(-1)
  if (last) {
    broker
      .publish([{ sessionId: last.sessionId, lastSeq: last.seq, events }])
      .catch((error: unknown) => log.debug({ err: error }, 'news could not be published'))
  }
  if (ring.length > 0)
    broker.ring(ring).catch((error: unknown) => log.debug({ err: error }, 'a bell could not be rung'))
}
