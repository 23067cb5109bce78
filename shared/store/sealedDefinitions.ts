import type { AgentDefinition } from '@shared/domain/agents'
import type { CustomerAuth } from './organizations.ts'
import { sealAlike, unseal } from './sealedSecrets.ts'

/** A definition as it is stored: what is secret in it is sealed, equal for equal secrets. */
export function sealDefinition(agentviewSecret: string, definition: AgentDefinition): AgentDefinition {
  return withKey(definition, (apiKey) => sealAlike(agentviewSecret, apiKey))
}

/** A stored definition as it is used. Throws when it was sealed under another AGENTVIEW_SECRET. */
export function unsealDefinition(agentviewSecret: string, definition: AgentDefinition): AgentDefinition {
  return withKey(definition, (apiKey) => unseal(agentviewSecret, apiKey))
}

function withKey(definition: AgentDefinition, change: (apiKey: string) => string): AgentDefinition {
  const { openai } = definition
  return openai?.apiKey === undefined
    ? definition
    : { ...definition, openai: { ...openai, apiKey: change(openai.apiKey) } }
}

/** How the customer's own tokens are verified, as it is stored. */
export function sealAuth(
  agentviewSecret: string,
  { secret, ...auth }: Omit<CustomerAuth, 'sharedSecret'> & { secret?: string },
): CustomerAuth {
  return secret === undefined ? auth : { ...auth, sharedSecret: sealAlike(agentviewSecret, secret) }
}
