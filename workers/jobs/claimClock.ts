import type { ClaimedRun } from '@shared/store/claimRuns'

/**
 * The time by Postgres' clock, told from when Postgres claimed the run and how long ago that is by a clock that only
 * passes: a machine's own date may be wrong by minutes, and agent apps refuse requests that are signed by such a one.
 */
export function claimClock({ events }: Pick<ClaimedRun, 'events'>): () => Date {
  const [claim] = events
  if (!claim) throw new Error('a claim is an event')
  const then = Date.parse(claim.at)
  const since = performance.now()
  return () => new Date(then + performance.now() - since)
}
