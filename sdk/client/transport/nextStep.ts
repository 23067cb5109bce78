import { wantsOtherToken } from '../auth/credentials.ts'
import type { ClientError } from '../clientError.ts'
import type { Ending } from './transport.ts'

/**
 * What to do after a connection has ended:
 * - `again`, after a pause that grows with failures, or after the time that the server has named;
 * - `other`: it never came up, perhaps because of the way it takes: the next transport;
 * - `renew` the token, then again;
 * - `reset`: the log was set back (a restored backup), what it holds now counts;
 * - `gone`: the session is no longer there for this reader;
 * - `refused`, and nothing that we can do by ourselves: once in a while again.
 */
export type Step =
  | { do: 'again'; waitMs?: number }
  | { do: 'other' }
  | { do: 'renew' }
  | { do: 'reset' }
  | { do: 'gone'; reason: string }
  | { do: 'refused'; error: ClientError }

/** `opened`: it had come up before it ended. */
export function nextStep(ending: Ending, opened: boolean): Step {
  switch (ending.kind) {
    case 'lost':
      return opened ? { do: 'again' } : { do: 'other' }
    case 'cut':
      return afterCut(ending.reason)
    case 'refused':
      return afterRefusal(ending.error)
  }
}

function afterCut(reason: string): Step {
  switch (reason) {
    case 'deleted':
      return { do: 'gone', reason }
    case 'token_expired':
    case 'revoked':
      return { do: 'renew' }
    default:
      // slow, shutdown, and what a later server may say: the cursor brings us back
      return { do: 'again' }
  }
}

function afterRefusal(error: ClientError): Step {
  if (wantsOtherToken(error)) return { do: 'renew' }
  if (error.code === 'cursor_ahead') return { do: 'reset' }
  if (error.code === 'not_found') return { do: 'gone', reason: 'not_found' }
  if (error.retryAfterMs !== null) return { do: 'again', waitMs: error.retryAfterMs }
  if (error.isTemporary || error.code === 'rate_limited' || error.code === 'unavailable' || error.code === 'internal')
    return { do: 'again' }
  return { do: 'refused', error }
}
