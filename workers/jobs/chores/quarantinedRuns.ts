import { isQuarantineNeeded } from '@shared/store/dueRuns'
import type { Quarantine } from '../quarantine.ts'
import type { ChoreTools } from './choreTools.ts'

/** Runs that have lost two workers are carried out alone, by a process that may die of them. */
export async function quarantineRuns({ db }: ChoreTools, quarantine: Pick<Quarantine, 'wake'>): Promise<void> {
  if (await isQuarantineNeeded(db)) quarantine.wake()
}
