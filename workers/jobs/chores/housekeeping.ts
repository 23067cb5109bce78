import { tunables } from '@shared/domain/tunables'
import { ensureDeltaPartitions, forgetIdempotencyKeys } from '@shared/store/dueRuns'
import { forgetRefreshTokens } from '@shared/store/refreshTokens'
import { forgetDeliveries } from '@shared/store/sendDeliveries'
import { forgetWorkers } from '@shared/store/workers'
import type { ChoreTools } from './choreTools.ts'

/** What is done now and then, and never urgent: room for coming deltas, and forgetting what is past its time. */
export async function housekeep({ db }: ChoreTools): Promise<void> {
  await ensureDeltaPartitions(db, 3)
  // A busy installation keeps thousands of keys a minute.
  while ((await forgetIdempotencyKeys(db, tunables.idempotency)) > 0);
  await forgetWorkers(db)
  const { kept, forgetBatch, forgetBatches } = tunables.webhooks
  await inBatches(() => forgetDeliveries(db, kept), { batch: forgetBatch, batches: forgetBatches })
  await inBatches(() => forgetRefreshTokens(db), tunables.forgetTokens)
}

/** In bounded statements; what is left waits for the next time. */
async function inBatches(forget: () => Promise<number>, { batch, batches }: Batches): Promise<void> {
  for (let left = batches; left > 0; left--) if ((await forget()) < batch) return
}

interface Batches {
  /** Rows that one statement removes at most: fewer are all there were. */
  batch: number
  batches: number
}
