import { tunables } from '@shared/domain/tunables'
import { ensureDeltaPartitions, forgetIdempotencyKeys } from '@shared/store/dueRuns'
import { forgetWorkers } from '@shared/store/workers'
import type { ChoreTools } from './choreTools.ts'

/** What is done now and then, and never urgent: room for coming deltas, and forgetting what is past its time. */
export async function housekeep({ db }: ChoreTools): Promise<void> {
  await ensureDeltaPartitions(db, 3)
  await forgetIdempotencyKeys(db, tunables.idempotency)
  await forgetWorkers(db)
}
