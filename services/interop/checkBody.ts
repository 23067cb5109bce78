import type { Check } from '@shared/contracts/validate'
import { AgentViewError } from '@shared/domain/errors'
import { findJsonFault } from '@shared/domain/json'
import { tunables } from '@shared/domain/tunables'

/** A body as its schema has it. Throws `invalid_request` with the first thing that is wrong with it. */
export function checked<T>(check: Check<T>, body: unknown): T {
  const fault = findJsonFault(body, tunables.jsonDepth)
  const result = fault ? { ok: false as const, details: [fault] } : check(body)
  if (result.ok) return result.value
  const [first] = result.details
  throw new AgentViewError('invalid_request', `The body is not valid: ${first?.path} ${first?.message}.`)
}
