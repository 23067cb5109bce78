import { createHash } from 'node:crypto'
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

/** A stored definition for people to read and compare: of a secret only a mark is shown, another one for another secret. */
export function concealDefinition(definition: AgentDefinition): AgentDefinition {
  return withKey(definition, (sealed) => `sealed:${createHash('sha256').update(sealed).digest('hex').slice(0, 8)}`)
}

function withKey(definition: AgentDefinition, change: (apiKey: string) => string): AgentDefinition {
  const { openai, agUi } = definition
  if (openai?.apiKey === undefined && agUi?.apiKey === undefined) return definition
  return {
    ...definition,
    ...(openai && { openai: withChanged(openai, change) }),
    ...(agUi && { agUi: withChanged(agUi, change) }),
  }
}

function withChanged<Settings extends { apiKey?: string }>(
  settings: Settings,
  change: (apiKey: string) => string,
): Settings {
  return settings.apiKey === undefined ? settings : { ...settings, apiKey: change(settings.apiKey) }
}

/** How the customer's own tokens are verified, as it is stored. */
export function sealAuth(
  agentviewSecret: string,
  { secret, ...auth }: Omit<CustomerAuth, 'sharedSecret'> & { secret?: string },
): CustomerAuth {
  return secret === undefined ? auth : { ...auth, sharedSecret: sealAlike(agentviewSecret, secret) }
}
