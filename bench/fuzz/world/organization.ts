import { type AgentDefinition, DEFAULT_POLICY } from '@shared/domain/agents'
import { newId } from '@shared/domain/ids'
import { createApiKey } from '@shared/store/apiKeys'
import { insertOrganization } from '@shared/store/organizations'
import type { Database } from '@shared/store/pool'
import { publishAgents } from '@shared/store/publishAgents'
import { sealAuth, sealDefinition } from '@shared/store/sealedDefinitions'
import { newSigningSecret, seal } from '@shared/store/sealedSecrets'

export const ORIGIN = 'https://shop.example'
/** What the customer signs his own tokens with. */
export const CUSTOMER_SECRET = 'the secret that shop.example and AgentView share'

export interface OrganizationKeys {
  organizationId: string
  secretKey: string
  publishableKey: string
}

/** What waits for somebody must not end by itself while others are looked at. */
const DAY_MS = 86_400_000
/** Patience of a fuzzer: whatever an agent app does, its run is over within seconds. */
const POLICY: AgentDefinition['policy'] = {
  ...DEFAULT_POLICY,
  timeouts: { connectMs: 2_000, idleMs: 2_000, totalMs: 5_000, pauseMs: DAY_MS },
  retries: { max: 1, backoffMs: 10, factor: 1, maxBackoffMs: 10, jitter: 0 },
}

function definitions(agentUrl: string): AgentDefinition[] {
  const common = { url: agentUrl, version: '1.0.0', protocol: 'agentview' as const, policy: POLICY }
  const content = { type: 'object', required: ['content'], properties: { content: { type: 'string', maxLength: 100 } } }
  const typed = {
    input: { schema: content },
    steps: [{ schema: { type: 'object', required: ['step'] } }],
    output: { schema: content },
    validateSteps: true,
    idleTimeout: DAY_MS,
  }
  return [
    {
      name: 'echo',
      title: 'The echo',
      allowUnknownMetadata: true,
      runs: [{ type: 'chat', idleTimeout: DAY_MS }],
      ...common,
    },
    {
      name: 'typed',
      metadata: { n: { type: 'integer' }, color: { type: 'string', pattern: '^[a-z]+$' } },
      allowUnknownMetadata: false,
      runs: [{ type: 'chat', ...typed }, { type: 'other' }],
      ...common,
    },
  ]
}

/** A new organization with its keys and agents, straight in the database: an operator makes it, no customer. */
export async function makeOrganization(db: Database, secret: string, agentUrl: string): Promise<OrganizationKeys> {
  const organizationId = newId('organization')
  const customerAuth = sealAuth(secret, { issuer: ORIGIN, audience: 'agentview', secret: CUSTOMER_SECRET })
  await insertOrganization(db, {
    id: organizationId,
    name: 'fuzzed',
    settings: { allowedOrigins: [ORIGIN], allowLocalOrigins: false, customerAuth },
    agentSigningSecret: seal(secret, newSigningSecret()),
  })
  const secretKey = await createApiKey(db, organizationId, 'secret', 'secret')
  const publishableKey = await createApiKey(db, organizationId, 'publishable', 'publishable')
  const agents = definitions(agentUrl).map((definition) => sealDefinition(secret, definition))
  await publishAgents(db, organizationId, { agents }, 'push')
  return { organizationId, secretKey, publishableKey }
}
