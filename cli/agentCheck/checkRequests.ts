import type { CheckedProtocol } from './checkedProtocols.ts'
import { milliseconds } from './checkAnswer.ts'
import { adviceOn, failureOf, isOwnError, seenOf } from './failures.ts'
import type { Finding } from './finding.ts'
import type { Outcome } from './tryCall.ts'

/** What an agent app made of a request that it must be able to answer like any other. */
export function judgeUnusual(check: string, what: string, outcome: Outcome, protocol: CheckedProtocol): Finding {
  const failure = failureOf(outcome)
  if (!failure) return { check, verdict: 'good', seen: `It answers ${what}, after ${milliseconds(outcome.endMs)}.` }
  // It has read the request and found something else to fail for: a model's window, say.
  const verdict = isOwnError(failure) ? 'doubtful' : 'bad'
  const advice = isOwnError(failure)
    ? 'Shorten what you hand on, or lower the policy’s history.'
    : adviceOn(failure, outcome.status, protocol)
  return { check, verdict, seen: `With ${what}: ${seenOf(failure)}`, advice }
}

/** What an agent app made of a body that is no JSON, signed well. */
export function judgeBrokenBody(check: string, { status }: Outcome): Finding {
  if (status !== undefined && status >= 400 && status < 500)
    return { check, verdict: 'good', seen: `It refuses a body that is not JSON with ${status}.` }
  const seen =
    status === undefined
      ? 'It hangs up on a body that is not JSON.'
      : `It answers ${status} to a body that is not JSON.`
  return { check, verdict: 'doubtful', seen, advice: 'Answer 400: the others count as trouble that may pass.' }
}

/** What became of an agent app whose callers had hung up in the middle of its answers. */
export function judgeHangingUp(check: string, callers: number, after: Outcome): Finding {
  const failure = failureOf(after)
  if (!failure) return { check, verdict: 'good', seen: `It answers as before after ${callers} callers have hung up.` }
  const advice = 'A cancelled run closes its connection: stop the answer then, and let writing to it fail quietly.'
  return { check, verdict: 'bad', seen: `After ${callers} callers have hung up: ${seenOf(failure)}`, advice }
}
