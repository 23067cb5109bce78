import { constants, access } from 'node:fs/promises'
import type { AgentDefinition } from '@shared/domain/agents'
import type { OutboundGuard } from '@shared/outbound/guard'
import { publishAgent } from '@shared/store/agents'
import { type CustomerAuth, setCustomerAuth } from '@shared/store/organizations'
import type { Database } from '@shared/store/pool'
import { sealAuth, sealDefinition } from '@shared/store/sealedDefinitions'
import { loadConfig } from './config/loadConfig.ts'
import { type Settings, SettingsError } from './settings.ts'

/** What the config file defines, its secrets sealed; null without a file, unless somebody named one. */
export async function configuredPart(
  { config }: Settings,
  secret: string,
): Promise<{ agents: AgentDefinition[]; auth: CustomerAuth | null } | null> {
  const there = await access(config.file, constants.R_OK).then(
    () => true,
    () => false,
  )
  if (!there && !config.explicit) return null
  const { agents, auth } = await loadConfig(config.file)
  return {
    agents: agents.map((definition) => sealDefinition(secret, definition)),
    auth: auth && sealAuth(secret, auth),
  }
}

/** Publishes a definition. A changed one under the same version string is refused, but while developing (embedded). */
export async function publish(
  db: Database,
  organizationId: string,
  definition: AgentDefinition,
  developing: boolean,
  guard: OutboundGuard,
): Promise<string> {
  const fault = guard.urlFault(definition.url)
  if (fault !== null) throw new SettingsError(`Agent "${definition.name}": its url ${fault}.`)
  const { outcome, version } = await publishAgent(db, organizationId, definition, developing ? 'dev' : 'refuse')
  if (outcome !== 'version_exists') return version
  throw new SettingsError(
    `Agent "${definition.name}" is published as version ${version} with another definition: give the changed one a new version.`,
  )
}

/** Says how the customer's own tokens are verified; null: there are none. */
export async function publishAuth(
  db: Database,
  organizationId: string,
  auth: CustomerAuth | null,
  guard: OutboundGuard,
): Promise<void> {
  const fault = auth?.jwksUrl === undefined ? null : guard.urlFault(auth.jwksUrl)
  if (fault !== null) throw new SettingsError(`auth: its jwksUrl ${fault}.`)
  await setCustomerAuth(db, organizationId, auth)
}
