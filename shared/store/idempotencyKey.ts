import { tunables } from '@shared/domain/tunables'

/** Under which key a request is remembered for 24 hours, and what must be equal for it to be the same request. */
export interface IdempotencyKey {
  /** Who asks: a key's id or an end user's. */
  principal: string
  route: string
  key: string
  /** Of path and body, without Accept and Prefer. */
  requestHash: string
}

/** As functions/*.sql take it; the organization's UUID. */
export function storedKey(key: IdempotencyKey, organizationId: string): object {
  return { ...key, organizationId, ttlMs: tunables.idempotency }
}
