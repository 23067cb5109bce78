import { AgentViewError } from '@shared/domain/errors'
import type { Json, JsonObject } from '@shared/domain/json'

/** A string is short for a user's message. */
export function inputOf(input: string | JsonObject): JsonObject {
  return typeof input === 'string' ? { type: 'message', role: 'user', content: input } : input
}

/** Refuses what is larger as JSON than it may be. */
export function refuseLarge(path: string, value: Json, limit: number): void {
  const bytes = Buffer.byteLength(JSON.stringify(value))
  if (bytes <= limit) return
  throw new AgentViewError('payload_too_large', `${path.slice(1)} has ${bytes} bytes; ${limit} are allowed.`, {
    details: [{ path, message: `must not have more than ${limit} bytes` }],
  })
}
