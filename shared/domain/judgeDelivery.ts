import { tunables } from './tunables.ts'

/** What came of one attempt to deliver. */
export type DeliveryAnswer =
  | { status: number; retryAfterMs: number | null }
  /** No answer: why, for a person. */
  | { error: string }

export type DeliveryVerdict =
  | { verdict: 'delivered' }
  | { verdict: 'retry'; delayMs: number; error: string }
  | { verdict: 'dead'; error: string }
  /** The receiver wants no more of it: its endpoint is disabled. */
  | { verdict: 'gone'; error: string }

/**
 * Only 2xx is a receipt. `tries` counts the attempts that were charged, with this one; `random` is of [0, 1). What the
 * receiver asks for with Retry-After is honoured as a minimum.
 */
export function judgeDelivery(answer: DeliveryAnswer, tries: number, random: number): DeliveryVerdict {
  if ('status' in answer && answer.status >= 200 && answer.status < 300) return { verdict: 'delivered' }
  const error = errorOf(answer)
  if ('status' in answer && answer.status === 410) return { verdict: 'gone', error }
  const { retries, jitter } = tunables.webhooks
  const pause = retries[tries - 1]
  if (pause === undefined) return { verdict: 'dead', error }
  const jittered = pause * (1 + jitter * (2 * random - 1))
  const asked = 'status' in answer ? (answer.retryAfterMs ?? 0) : 0
  return { verdict: 'retry', delayMs: Math.round(Math.max(jittered, asked)), error }
}

function errorOf(answer: DeliveryAnswer): string {
  if ('error' in answer) return answer.error
  if (answer.status === 410) return 'The receiver answered 410 (gone): the endpoint was disabled.'
  if (answer.status >= 300 && answer.status < 400)
    return `The receiver answered ${answer.status}: redirects are not followed.`
  return `The receiver answered ${answer.status}.`
}
