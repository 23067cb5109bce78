import type { AgentPolicy } from './agents.ts'

/**
 * When the next attempt may begin, in ms from now, or null when the budget is spent.
 * Exponential with proportional jitter: delay × (1 - jitter … 1). `retryAfterMs` of the agent app is honoured as a minimum.
 */
export function retryDelay(
  retries: AgentPolicy['retries'],
  failures: number,
  random: number,
  retryAfterMs: number | null = null,
): number | null {
  if (failures > retries.max) return null
  const full = Math.min(retries.backoffMs * retries.factor ** (failures - 1), retries.maxBackoffMs)
  const jittered = full * (1 - retries.jitter * random)
  return Math.round(Math.max(jittered, retryAfterMs ?? 0))
}
