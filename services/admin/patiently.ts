import { AgentViewError } from '@shared/domain/errors'

/** SQLSTATE of a statement that took too long. */
const QUERY_CANCELED = '57014'

/** Says what to do when a read with chosen filters was stopped. */
export async function patiently<Result>(reading: Promise<Result>): Promise<Result> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === QUERY_CANCELED) {
      throw new AgentViewError('unavailable', 'This takes too long: narrow it down, e.g. by agent and time.')
    }
    // knex' own, when all connections of the pool are busy
    if (error instanceof Error && error.name === 'KnexTimeoutError') {
      throw new AgentViewError('unavailable', 'Too many such reads at once: try again.')
    }
    throw error
  }
}
