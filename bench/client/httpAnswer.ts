import { limits } from './limits.ts'

/** What an answer means for someone who tries again: `away` is an outage, `limited` a live server that asks to wait. */
export type Verdict = { kind: 'answer' } | { kind: 'away' } | { kind: 'limited'; waitMs: number } | { kind: 'refused' }

/** 502 to 504 are what stands before a server that restarts; an earlier try under the same key may still be at work. */
const AWAY = new Set([502, 503, 504])

/** Judges a status code; `retryAfter` is the header's value in seconds, or null. */
export function judge(status: number, retryAfter: string | null, errorCode?: string): Verdict {
  if (status >= 200 && status < 300) return { kind: 'answer' }
  if (AWAY.has(status) || errorCode === 'idempotency_in_progress') return { kind: 'away' }
  if (status !== 429) return { kind: 'refused' }
  const seconds = Number(retryAfter ?? Number.NaN)
  return { kind: 'limited', waitMs: seconds >= 0 ? Math.min(seconds * 1000, limits.outage) : limits.backoffMost }
}
