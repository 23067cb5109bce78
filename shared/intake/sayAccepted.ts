import { sayCommitted } from '@shared/broker/sayCommitted'
import type { AcceptedNews } from '@shared/store/acceptMessage'
import type { Cut } from '@shared/domain/cuts'
import type { IntakeTools } from './intakeTools.ts'

/** After the commit, never awaited: what readers are told, what workers have to break off, and the bell. */
export function sayAccepted(tools: IntakeTools, runId: string, { events, ringAfterMs, cancelled }: AcceptedNews): void {
  sayCommitted(tools.broker, tools.log, events, ringAfterMs === 0 ? [runId] : [])
  // Not relied on: this process may be gone by then, and the reconciler rings.
  if (ringAfterMs)
    setTimeout(() => sayCommitted(tools.broker, tools.log, [], [runId]), ringAfterMs + BELL_LATER).unref()
  sayAborts(tools, cancelled)
}

/** A bell may be answered a moment earlier than Postgres' clock says that the run is due. */
const BELL_LATER = 10

/** Tells workers to break off what was cancelled; their heartbeat is the backstop. */
export function sayAborts({ broker, log }: Pick<IntakeTools, 'broker' | 'log'>, runIds: readonly string[]): void {
  if (runIds.length === 0) return
  broker.publishAborts(runIds).catch((error: unknown) => log.debug({ err: error }, 'an abort could not be said'))
}

/** Tells every process whom to send nothing more; each finds out by itself as well (shared/delivery). */
export function sayCuts({ broker, log }: Pick<IntakeTools, 'broker' | 'log'>, cuts: readonly Cut[]): void {
  broker.publishCuts(cuts).catch((error: unknown) => log.debug({ err: error }, 'a cut could not be said'))
}
