import { tunables } from '@shared/domain/tunables'
import { ensureDeltaPartitions, forgetIdempotencyKeys } from '@shared/store/dueRuns'
import { forgetDeliveries } from '@shared/store/sendDeliveries'
import { forgetWorkers } from '@shared/store/workers'
import type { ChoreTools } from './choreTools.ts'

/** What is done now and then, and never urgent: room for coming deltas, and forgetting what is past its time. */
export async function housekeep({ db }: ChoreTools): Promise<void> {
  await ensureDeltaPartitions(db, 3)
  // A busy installation keeps thousands of keys a minute.
  while ((await forgetIdempotencyKeys(db, tunables.idempotency)) > 0);
  await forgetWorkers(db)
  await forgetOldDeliveries(db)
}

/** In bounded statements; what is left waits for the next time. */
async function forgetOldDeliveries(db: ChoreTools['db']): Promise<void> {
  const { kept, forgetBatch, forgetBatches } = tunables.webhooks
  for (let left = forgetBatches; left > 0; left--) if ((await forgetDeliveries(db, kept)) < forgetBatch) return
}
