import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Caller } from '@shared/intake/caller'
import { type Door, rateLimited } from '@shared/intake/door'

/** Counts a request against its caller's limit and tells what is left in the answer's headers. Throws AgentViewError `rate_limited`. */
export function spendOrRefuse(
  door: Door,
  caller: Caller,
  request: IncomingMessage,
  response: ServerResponse,
  points = 1,
): void {
  const allowance = door.spend(caller, request, points)
  if (!allowance) return
  const { limit, remaining, reset, refused } = allowance
  response.setHeader('RateLimit-Limit', limit)
  response.setHeader('RateLimit-Remaining', remaining)
  response.setHeader('RateLimit-Reset', reset)
  if (refused) throw rateLimited('Too many requests', reset)
}

/** Takes a place for an answer that may last; whatever ends it, the place is given back. Throws AgentViewError `too_many_connections`. */
export function stayUntilClosed(door: Door, caller: Caller, request: IncomingMessage, response: ServerResponse): void {
  const leave = door.stay(caller, request)
  response.once('close', leave)
  if (response.destroyed) leave()
}
