import pg from 'pg'
import { newId } from '@shared/domain/ids'
import { createApiKey } from '@shared/store/apiKeys'
import { findFirstOrganization, findOrganization, insertOrganization } from '@shared/store/organizations'
import type { Database } from '@shared/store/pool'
import { newSigningSecret, seal, unseal } from '@shared/store/sealedSecrets'
import { type Credentials, readCredentials, writeCredentials } from './credentials.ts'

export interface BootstrapOptions {
  db: Database
  databaseUrl: string
  secret: string
  dataFolder: string
  /** Where the Client API will be found. */
  url: string
  /** Pages on any port of localhost may call: for development. */
  allowLocalOrigins: boolean
  /** Makes new keys when the organization is there but its keys are not known here. */
  newKeys: boolean
}

/** Any constant of our own: one process at a time makes the first organization. */
const BOOTSTRAP_LOCK = 4_172_690_145

/**
 * Makes the first organization with its keys and writes credentials.json, once: a later call finds them. Safe when
 * several processes start at once. `credentials` is null when the organization exists but its keys were shown elsewhere.
 */
export async function bootstrap(
  options: BootstrapOptions,
): Promise<{ organizationId: string; credentials: Credentials | null; made: boolean }> {
  const lock = new pg.Client({ connectionString: options.databaseUrl, application_name: 'agentview bootstrap' })
  await lock.connect()
  try {
    await lock.query('select pg_advisory_lock($1)', [BOOTSTRAP_LOCK])
    return await bootstrapAlone(options)
  } finally {
    await lock.end()
  }
}

async function bootstrapAlone(options: BootstrapOptions) {
  const { db, secret, dataFolder, url } = options
  const kept = await readCredentials(dataFolder)
  const known = kept && (await findOrganization(db, kept.organizationId))
  if (kept && known) {
    const credentials = { ...kept, url }
    if (kept.url !== url) await writeCredentials(dataFolder, credentials)
    return { organizationId: kept.organizationId, credentials, made: false }
  }
  const existing = await findFirstOrganization(db)
  if (existing && !options.newKeys) return { organizationId: existing.id, credentials: null, made: false }
  const agentSigningSecret = existing ? unseal(secret, existing.agentSigningSecret) : newSigningSecret()
  const organizationId = existing?.id ?? newId('organization')
  if (!existing) {
    await insertOrganization(db, {
      id: organizationId,
      name: 'My organization',
      settings: { allowedOrigins: [], allowLocalOrigins: options.allowLocalOrigins },
      agentSigningSecret: seal(secret, agentSigningSecret),
    })
  }
  const credentials: Credentials = {
    url,
    organizationId,
    secretKey: await createApiKey(db, organizationId, 'secret', 'first secret key'),
    publishableKey: await createApiKey(db, organizationId, 'publishable', 'first publishable key'),
    agentSigningSecret,
  }
  await writeCredentials(dataFolder, credentials)
  return { organizationId, credentials, made: true }
}
