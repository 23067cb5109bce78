import type { Run } from '@agentview/client'

/** How many turns are before the newest one; null when that one has begun, or there is none. */
export function queuePosition(runs: readonly Run[]): number | null {
  const newest = runs.at(-1)
  if (newest?.status !== 'queued') return null
  return runs.filter(({ status }) => status === 'queued' || status === 'running' || status === 'paused').length - 1
}
