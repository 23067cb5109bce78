import { tunables } from '@shared/domain/tunables'
import { idOf } from '@shared/domain/ids'
import { findOldPartitions, isPartitionHeld } from '@shared/store/compaction'
import {
  ensureDeltaPartitions,
  findOverdueRuns,
  findUnclaimedRuns,
  forgetIdempotencyKeys,
  isQuarantineNeeded,
} from '@shared/store/dueRuns'
import type { Database } from '@shared/store/pool'
import { forgetRefreshTokens } from '@shared/store/refreshTokens'
import { claimDeliveries, forgetDeliveries } from '@shared/store/sendDeliveries'
import { findOutdatedRuns } from '@shared/store/retention'
import { claimRuns } from '@shared/store/claimRuns'
import { findOrphanedRuns, forgetWorkers, heartbeat, markLapsedWorkers, readUptime } from '@shared/store/workers'

export interface MeasuredStatement {
  name: string
  /** What it does once; commits as it does in the product. */
  execute(db: Database): Promise<unknown>
}

/** What one look takes on at most. */
const FINDINGS = 500

/** Longer than the seeding takes. */
const LEASE = 24 * 3_600_000

/** Workers of seed.ts: one that has runs, and one that claims. */
const RUNNING_WORKER = worker(1)
const CLAIMING_WORKER = worker(2)

function worker(number: number): string {
  const hex = number.toString(16)
  return idOf('worker', `05000000-${hex.padStart(4, '0')}-7000-8000-${hex.padStart(12, '0')}`)
}

/** What finds nothing measures nothing. */
function something(found: readonly unknown[] | null): void {
  if (!found || found.length === 0) throw new Error('the statement found nothing to do')
}

const { concurrency, perEndpoint, kept } = tunables.webhooks

/** What a sender with all places free takes. */
const CLAIM = { limit: concurrency, each: perEndpoint, room: new Map<string, number>(), after: null }

/** What every round sends, then what a worker and a sender of webhooks send, then what is done once a minute. */
export const STATEMENTS: MeasuredStatement[] = [
  { name: 'readUptime', execute: (db) => readUptime(db) },
  { name: 'markLapsedWorkers', execute: (db) => markLapsedWorkers(db, 'expired') },
  { name: 'findOrphanedRuns', execute: async (db) => something(await findOrphanedRuns(db, FINDINGS)) },
  { name: 'findOverdueRuns', execute: async (db) => something(await findOverdueRuns(db, FINDINGS)) },
  { name: 'isQuarantineNeeded', execute: (db) => isQuarantineNeeded(db, LEASE / 2) },
  {
    name: 'findUnclaimedRuns',
    execute: async (db) => something(await findUnclaimedRuns(db, 0, tunables.reconcileRings)),
  },
  { name: 'heartbeat', execute: async (db) => something(await heartbeat(db, RUNNING_WORKER, LEASE)) },
  {
    name: 'claimRuns (one run)',
    execute: async (db) => something(await claimRuns(db, CLAIMING_WORKER, [], 1)),
  },
  { name: 'claimDeliveries', execute: async (db) => something(await claimDeliveries(db, CLAIM)) },
  { name: 'ensureDeltaPartitions', execute: (db) => ensureDeltaPartitions(db, 3) },
  { name: 'forgetIdempotencyKeys', execute: (db) => forgetIdempotencyKeys(db, tunables.idempotency) },
  { name: 'forgetDeliveries', execute: (db) => forgetDeliveries(db, kept) },
  { name: 'forgetRefreshTokens', execute: forgetRefreshTokens },
  { name: 'forgetWorkers', execute: (db) => forgetWorkers(db) },
  { name: 'findOldPartitions', execute: (db) => findOldPartitions(db, tunables.compaction.grace) },
  {
    name: 'isPartitionHeld',
    execute: (db) => isPartitionHeld(db, 'session_deltas_default', tunables.compaction.grace),
  },
  {
    name: 'findOutdatedRuns',
    execute: (db) => findOutdatedRuns(db, tunables.eventRetention, tunables.compaction.sessions),
  },
]
