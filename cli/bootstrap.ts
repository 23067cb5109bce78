import pg from 'pg'
import { newId } from '@shared/domain/ids'
import { armed, failpoint } from '@shared/failpoints/failpoint'
import { createApiKey, findApiKey } from '@shared/store/apiKeys'
import { findFirstOrganization, insertOrganization } from '@shared/store/organizations'
import { newSigningSecret, seal, unseal } from '@shared/store/sealedSecrets'
import { type Credentials, readCredentials, writeCredentials } from './credentials.ts'
import { createFirstOwner } from './firstOwner.ts'

export interface BootstrapOptions {
  databaseUrl: string
  secret: string
  dataFolder: string
  /** Where the Client API will be found. */
  url: string
  /** Where browsers reach it. */
  publicUrl: string
  /** Pages on any port of localhost may call: for development. */
  allowLocalOrigins: boolean
  /** Makes new keys when the organization is there but its keys are not known here. */
  newKeys: boolean
}

/** Any constant of our own: one process at a time makes the first organization. */
const BOOTSTRAP_LOCK = 4_172_690_145

type Bootstrapped = { organizationId: string; credentials: Credentials | null; made: boolean }

/**
 * Makes the first organization with its keys and writes credentials.json, once: a later call finds them. Safe when
 * several processes start at once. `credentials` is null when the organization exists but its keys were shown elsewhere.
 *
 *   lock ─▶ keys of the file still valid? ─▶ organization, keys ─▶ credentials.json ─▶ commit
 * One transaction, and the file before the commit: a process that dies in between leaves a file with keys that no
 * database knows, which the next call writes anew. The other way round it would leave keys that nobody knows.
 */
export async function bootstrap(options: BootstrapOptions): Promise<Bootstrapped> {
  const client = new pg.Client({ connectionString: options.databaseUrl, application_name: 'agentview bootstrap' })
  // A connection that breaks fails its statement; the event alone would end the process.
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query('begin')
    await client.query('select pg_advisory_xact_lock($1)', [BOOTSTRAP_LOCK])
    const done = await bootstrapAlone(client, options)
    if (armed) await failpoint('bootstrap.commit', {})
    await client.query('commit')
    return done
  } finally {
    await client.end()
  }
}

async function bootstrapAlone(client: pg.Client, options: BootstrapOptions): Promise<Bootstrapped> {
  const { secret, dataFolder, url } = options
  const studioUrl = `${options.publicUrl}/studio`
  const kept = await readCredentials(dataFolder)
  if (kept && (await areValid(client, kept))) {
    const owner = await createFirstOwner(client, kept.organizationId)
    const credentials = { ...kept, url, studioUrl, ...(owner && { owner }) }
    if (owner || kept.url !== url || kept.studioUrl !== studioUrl) await writeCredentials(dataFolder, credentials)
    return { organizationId: kept.organizationId, credentials, made: false }
  }
  const existing = await findFirstOrganization(client)
  if (existing && !options.newKeys) return { organizationId: existing.id, credentials: null, made: false }
  const agentSigningSecret = existing ? unseal(secret, existing.agentSigningSecret) : newSigningSecret()
  const organizationId = existing?.id ?? newId('organization')
  if (!existing) {
    await insertOrganization(client, {
      id: organizationId,
      name: 'My organization',
      settings: { allowedOrigins: [], allowLocalOrigins: options.allowLocalOrigins },
      agentSigningSecret: seal(secret, agentSigningSecret),
    })
  }
  // Who is there already stays; his login may be known from a file whose keys were revoked.
  const known = kept?.organizationId === organizationId ? kept.owner : undefined
  const owner = (await createFirstOwner(client, organizationId)) ?? known
  const credentials: Credentials = {
    url,
    studioUrl,
    ...(owner && { owner }),
    organizationId,
    secretKey: await createApiKey(client, organizationId, 'secret', 'first secret key'),
    publishableKey: await createApiKey(client, organizationId, 'publishable', 'first publishable key'),
    agentSigningSecret,
  }
  if (armed) await failpoint('bootstrap.write', {})
  await writeCredentials(dataFolder, credentials)
  return { organizationId, credentials, made: true }
}

/** Whether the database knows both keys; it does not when their maker died before its commit. */
async function areValid(client: pg.Client, { organizationId, secretKey, publishableKey }: Credentials) {
  const secret = await findApiKey(client, secretKey)
  const publishable = await findApiKey(client, publishableKey)
  return secret?.organizationId === organizationId && publishable?.organizationId === organizationId
}
