import type { Refusal } from './http.ts'

/**
 * What a refusal asks for: `renew` the token, give the session up as `gone`, try again `soon` or `later`, or nothing:
 * it is `final`.
 */
export type Verdict = 'renew' | 'gone' | 'soon' | 'later' | 'final'

const VERDICTS = new Map<string, Verdict>([
  ['token_expired', 'renew'],
  ['unauthorized', 'renew'],
  ['not_found', 'gone'],
  ['forbidden', 'gone'],
  ['not_connected', 'soon'],
  ['rate_limited', 'later'],
  ['unavailable', 'later'],
  ['internal', 'later'],
  ['idempotency_in_progress', 'later'],
  ['session_busy', 'later'],
])

export function verdictOn(refusal: Refusal): Verdict {
  return VERDICTS.get(refusal.code) ?? 'final'
}
