import { constants, access } from 'node:fs/promises'
import type { AgentDefinition } from '@shared/domain/agents'
import type { PublishMode } from '@shared/domain/planPublish'
import type { OutboundGuard } from '@shared/outbound/guard'
import type { CustomerAuth } from '@shared/store/organizations'
import type { Database } from '@shared/store/pool'
import { type Publication, type PublishedAgent, publishAgents } from '@shared/store/publishAgents'
import { sealAuth, sealDefinition } from '@shared/store/sealedDefinitions'
import { type Settings, SettingsError } from './settings.ts'

/** What a config file defines, its secrets sealed, as it is stored. */
export interface SealedConfig {
  agents: AgentDefinition[]
  auth: CustomerAuth | null
  /** The user's own files that it was made of. */
  files: string[]
}

/** What the config file defines; null without a file, unless somebody named one. */
export async function configuredPart({ config }: Settings, secret: string): Promise<SealedConfig | null> {
  const there = await access(config.file, constants.R_OK).then(
    () => true,
    () => false,
  )
  return there || config.explicit ? readSealed(config.file, secret) : null
}

/** What a config file defines. Throws ConfigError, also when there is none. */
export async function readSealed(file: string, secret: string): Promise<SealedConfig> {
  // A process without a config file needs no bundler.
  const { loadConfig } = await import('./config/loadConfig.ts')
  const { agents, auth, files } = await loadConfig(file)
  return {
    agents: agents.map((definition) => sealDefinition(secret, definition)),
    auth: auth && sealAuth(secret, auth),
    files,
  }
}

/** Publishes all of it, or nothing: throws SettingsError for a version that exists with another definition. */
export async function publish(
  db: Database,
  organizationId: string,
  publication: Publication,
  mode: PublishMode,
  guard: OutboundGuard,
): Promise<PublishedAgent[]> {
  refuseUrls(publication, guard)
  const published = await publishAgents(db, organizationId, publication, mode)
  const refused = published.filter(({ outcome }) => outcome === 'version_exists')
  if (refused.length === 0) return published
  const lines = refused.map(
    ({ name, version }) =>
      `Agent "${name}" is published as version ${version} with another definition: give the changed one a new version.`,
  )
  const nothing = published.length > 1 ? ['Nothing was published.'] : []
  throw new SettingsError([...lines, ...nothing].join('\n'))
}

/** Throws SettingsError for an address that may not be called. */
function refuseUrls({ agents, auth }: Publication, guard: OutboundGuard): void {
  for (const { name, url } of agents) {
    const fault = guard.urlFault(url)
    if (fault !== null) throw new SettingsError(`Agent "${name}": its url ${fault}.`)
  }
  const fault = auth?.jwksUrl === undefined ? null : guard.keySetFault(auth.jwksUrl)
  if (fault !== null) throw new SettingsError(`auth: its jwksUrl ${fault}.`)
}
