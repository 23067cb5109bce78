import { type AgentDefinition, DEFAULT_POLICY } from '@shared/domain/agents'
import { newId } from '@shared/domain/ids'
import type { EndUserTokens } from '@shared/intake/endUserTokens'
import { publishAgents } from '@shared/store/publishAgents'
import { createApiKey } from '@shared/store/apiKeys'
import { createAnonymousEndUser } from '@shared/store/endUsers'
import { insertOrganization } from '@shared/store/organizations'
import type { Database } from '@shared/store/pool'
import { sealDefinition } from '@shared/store/sealedDefinitions'
import { newSigningSecret, seal } from '@shared/store/sealedSecrets'
import type { AgentApps } from './agentApps.ts'
import { type ApiClient, createApiClient } from './apiClient.ts'
import type { Contract } from './contract.ts'

export interface Person {
  id: string
  token: string
  client: ApiClient
}

/** An organization with its keys, and with the agents `echo`, `steps`, `asking` and `staged`. */
export interface Tenant {
  organizationId: string
  secretKey: string
  publishableKey: string
  origin: string
  /** With the secret key. */
  client: ApiClient
  /** With the publishable key. */
  widget: ApiClient
  newPerson(): Promise<Person>
  /** Publishes an agent; what isn't said is that of a plain one. `app` is the agent app that it calls. */
  publish(definition: Partial<AgentDefinition> & { name: string }, app?: string): Promise<string>
}

export interface TenantTools {
  url: string
  secret: string
  db: Database
  tokens: EndUserTokens
  contract: Contract
  apps: AgentApps
}

export async function createTenant(tools: TenantTools, name: string, allowedOrigins: string[]): Promise<Tenant> {
  const { db, url, contract, apps, tokens } = tools
  const organizationId = newId('organization')
  await insertOrganization(db, {
    id: organizationId,
    name,
    settings: { allowedOrigins, allowLocalOrigins: false },
    agentSigningSecret: seal(tools.secret, newSigningSecret()),
  })
  const secretKey = await createApiKey(db, organizationId, 'secret', 'secret')
  const publishableKey = await createApiKey(db, organizationId, 'publishable', 'publishable')
  const clientOf = (credential: string) => createApiClient(url, contract, credential)

  const tenant: Tenant = {
    organizationId,
    secretKey,
    publishableKey,
    origin: allowedOrigins[0]!,
    client: clientOf(secretKey),
    widget: clientOf(publishableKey),
    async newPerson() {
      const { id } = await createAnonymousEndUser(db, organizationId, {})
      const { token } = await tokens.issue(organizationId, id)
      return { id, token, client: clientOf(token) }
    },
    async publish(definition, app = definition.name) {
      const retries = { ...DEFAULT_POLICY.retries, backoffMs: 20, jitter: 0 }
      const sealed = sealDefinition(tools.secret, {
        url: apps.urlOf(app),
        version: '1.0.0',
        protocol: 'agentview',
        policy: { ...DEFAULT_POLICY, retries },
        allowUnknownMetadata: true,
        runs: [{ type: 'chat' }],
        ...definition,
      })
      const [outcome] = await publishAgents(db, organizationId, { agents: [sealed] }, 'push')
      return outcome!.version
    },
  }
  for (const agent of ['echo', 'steps', 'asking', 'staged'])
    await tenant.publish({ name: agent, title: `The ${agent}` })
  return tenant
}
