import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { AgentViewError } from '@shared/domain/errors'
import type { RequestKey } from '@shared/intake/requestKey'
import { pathOf } from './answers.ts'

/**
 * How a request with the header Idempotency-Key wants to be remembered. The hash covers method, path and body, not
 * Accept and Prefer: the same acceptance may be asked for in another form.
 */
export function requestKeyOf(request: IncomingMessage, body: unknown, route: string): RequestKey {
  const key = request.headers['idempotency-key']
  if (key === undefined) return null
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new AgentViewError('invalid_request', 'Idempotency-Key must be 1 to 255 visible ASCII characters.')
  }
  return { route, key, requestHash: hashOfRequest(pathOf(request), body) }
}

/** A hash of what makes a request the same request. */
export function hashOfRequest(path: string, body: unknown): string {
  return createHash('sha256')
    .update(path)
    .update('\n')
    .update(JSON.stringify(body ?? null))
    .digest('hex')
}
