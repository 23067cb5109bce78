import { failureOf, seenOf } from './failures.ts'
import type { Finding } from './finding.ts'
import type { Outcome } from './tryCall.ts'

const CHECK_IT = 'Check webhook-signature as docs/agents.md says, and answer 401: else whoever reaches it may use it.'

/** What an agent app made of a call that somebody else has signed, or that was signed long ago. */
export function judgeForgery(check: string, what: string, outcome: Outcome): Finding {
  const { status } = outcome
  if (status !== undefined && status >= 400 && status < 500)
    return { check, verdict: 'good', seen: `It refuses ${what} with ${status}.` }
  if (status === 200 || status === 202)
    return { check, verdict: 'doubtful', seen: `It answers ${what}.`, advice: CHECK_IT }
  const failure = failureOf(outcome)
  const seen =
    status === undefined ? (failure ? seenOf(failure) : 'It says nothing.') : `It answers ${status} to ${what}.`
  return {
    check,
    verdict: 'bad',
    seen,
    advice: 'Refuse it with 401: anything else is taken for trouble and tried again.',
  }
}
