import { AgentViewError } from '@shared/domain/errors'
import type { IdempotencyKey } from '@shared/store/idempotencyKey'

/**
 * What `prepare` makes of a request, or when it refuses, what an earlier request with the same key was answered: what was
 * accepted once stays so, also under a new version of the agent that has another schema. Looked up only when it is
 * refused, so that what is accepted needs no further round trip.
 */
export async function unlessAccepted<Prepared, Earlier>(
  prepare: () => Promise<Prepared>,
  key: IdempotencyKey | undefined,
  find: (key: IdempotencyKey) => Promise<Earlier | null>,
): Promise<Prepared | Earlier> {
  try {
    return await prepare()
  } catch (error) {
    const earlier = key && error instanceof AgentViewError ? await find(key) : null
    if (earlier) return earlier
    throw error
  }
}
