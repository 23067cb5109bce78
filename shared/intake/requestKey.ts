import { AgentViewError } from '@shared/domain/errors'
import type { IdempotencyKey } from '@shared/store/idempotencyKey'
import { type Caller, principalOf } from './caller.ts'

/** How a request wants to be remembered: its key, its route, and a hash of path and body. */
export type RequestKey = Omit<IdempotencyKey, 'principal'> | null

/** How a request of a caller's is remembered. */
export function keyOf(caller: Caller, key: RequestKey): IdempotencyKey | undefined {
  return key ? { ...key, principal: principalOf(caller) } : undefined
}

/** The same key was used for something else. */
export function mismatch(): AgentViewError {
  return new AgentViewError('idempotency_mismatch', 'This Idempotency-Key was used for another request: use a new key.')
}
