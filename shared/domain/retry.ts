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

/** Seconds or an HTTP date (RFC 9110, 10.2.3), at most an hour; null when absent or neither. */
export function retryAfterMs(header: string | string[] | undefined, now: number): number | null {
  if (typeof header !== 'string') return null
  // Date.parse reads "-1" and "1.5" as years long gone; a date has letters.
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1_000 : /[a-z]/i.test(header) ? Date.parse(header) - now : NaN
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), 3_600_000) : null
}
