import type { Logger } from 'pino'
import type { SessionEvent } from '@shared/domain/events'
import type { Leases } from '@shared/domain/leases'
import type { AgentVersion } from '@shared/store/agents'
import type { OutboundGuard } from '@shared/outbound/guard'
import type { ClaimedRun } from '@shared/store/claimRuns'
import type { Database } from '@shared/store/pool'
import type { EventOutbox } from './eventOutbox.ts'
import type { FinishBatches } from './finishBatches.ts'

/** What carrying out runs needs from its worker. */
export interface RunTools {
  db: Database
  log: Logger
  leases: Leases
  /** Where agent apps may be. */
  guard: OutboundGuard
  outbox: EventOutbox
  finishes: FinishBatches
  /** Says what was committed; never awaited, since readers find it in Postgres anyway. */
  publish: (events: readonly SessionEvent[]) => void
  /** The next run in line of a session that was let go. */
  wake: (runId: string) => void
  /** A run that may start after a while. */
  wakeLater: (runId: string, delayMs: number) => void
  findVersion: (versionId: string) => Promise<AgentVersion>
  /** The token by which the agent app may go on with this run by itself. */
  runTokenOf: (claimed: ClaimedRun) => string
  findSigningSecret: (organizationId: string) => Promise<string>
}
