import { type OutboundGuard, createOutboundGuard } from '@shared/outbound/guard'
import { type Organization, findFirstOrganization, findOrganization } from '@shared/store/organizations'
import { type Database, createPool } from '@shared/store/pool'
import { readCredentials } from '../credentials.ts'
import { assertMigrated, explained } from '../databaseTrouble.ts'
import { findRunningUrl } from '../embedded/runningUrl.ts'
import { type Settings, SettingsError, resolveSecret } from '../settings.ts'

/** Where a config is published. */
export interface Target {
  db: Database
  organization: Organization
  /** Seals what is secret in a config. */
  secret: string
  guard: OutboundGuard
}

/**
 * Does work on the database of DATABASE_URL, or on that of the AgentView that runs on AGENTVIEW_DATA. Over the database,
 * not over HTTP: whoever publishes decides for the whole installation, and its secret is needed to seal keys anyway.
 */
export async function withTarget(settings: Settings, work: (target: Target) => Promise<void>): Promise<void> {
  const url = settings.databaseUrl ?? (await findRunningUrl(settings.dataFolder))
  if (url === null) {
    const where = `No AgentView runs on ${settings.dataFolder}`
    throw new SettingsError(`${where}: start it first ("agentview start"), or set DATABASE_URL and AGENTVIEW_SECRET.`)
  }
  const db = createPool({ url, name: 'agentview config', max: 2, onError: (error) => console.error(error.message) })
  try {
    await assertMigrated(db)
    const organization = await organizationOf(db, settings)
    const secret = await resolveSecret(settings)
    await work({ db, organization, secret, guard: createOutboundGuard(settings.allowHosts) })
  } catch (error) {
    throw explained(error, settings)
  } finally {
    await db.end()
  }
}

async function organizationOf(db: Database, { dataFolder }: Settings): Promise<Organization> {
  const kept = await readCredentials(dataFolder)
  const known = kept && (await findOrganization(db, kept.organizationId))
  const organization = known ?? (await findFirstOrganization(db))
  if (organization) return organization
  throw new SettingsError('There is no organization yet: run "agentview bootstrap".')
}
