import type { Leases } from '@shared/domain/leases'
import { isQuarantineNeeded } from '@shared/store/dueRuns'
import type { Quarantine } from '../quarantine.ts'
import type { ChoreTools } from './choreTools.ts'

/**
 * Runs that have lost two workers are carried out alone, by a process that may die of them. It is started as soon as the
 * second seems lost.
 */
export async function quarantineRuns(
  { db }: ChoreTools,
  leases: Leases,
  quarantine: Pick<Quarantine, 'wake'>,
): Promise<void> {
  if (await isQuarantineNeeded(db, leases.overdue)) quarantine.wake()
}
