import { notFound } from '@shared/domain/errors'
import { findJsonFault } from '@shared/domain/json'

/** The name of an agent as it stands in an address. Throws `not_found` for what can't be one. */
export function agentName(text: unknown): string {
  if (typeof text !== 'string' || findJsonFault(text, 1)) throw notFound('agent')
  return text
}
