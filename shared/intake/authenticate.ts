import type { Broker } from '@shared/broker/port'
import { AgentViewError } from '@shared/domain/errors'
import { gather } from '@shared/domain/gather'
import { newId, uuidOf } from '@shared/domain/ids'
import { Recent } from '@shared/domain/recent'
import { remember } from '@shared/domain/remember'
import { tunables } from '@shared/domain/tunables'
import { findApiKey } from '@shared/store/apiKeys'
import { areEndUsers, findByExternalId, upsertEndUser } from '@shared/store/endUsers'
import { type Organization, findOrganization } from '@shared/store/organizations'
import type { Database } from '@shared/store/pool'
import type { Caller } from './caller.ts'
import { createKeyUse } from './keyUse.ts'
import { CLOCKS_DIFFER_S, type CustomerTokens, tokenExpired } from './customerTokens.ts'
import { type EndUserTokens, type TokenClaims, unauthorized } from './endUserTokens.ts'
import { mayCallFrom } from './origins.ts'
import { RUN_TOKEN_PREFIX, type RunTokens } from './runTokens.ts'

export interface Authenticator {
  /**
   * Who sends this credential (a key or an end user's token, without `Bearer`). With a publishable key beside it, it is a
   * token of the customer's own, which the key's organization says how to verify. Throws AgentViewError.
   */
  authenticate(credential: string | null, publishableKey?: string | null): Promise<Caller>
  /** Refuses a web page whose origin the caller's organization doesn't list. No origin: not a browser. */
  checkOrigin(caller: Caller, origin: string | undefined, host: string | undefined): Promise<void>
}

type EndUserCaller = Extract<Caller, { kind: 'endUser' }>

const REMEMBERED = 10_000
/** End users that one statement looks up. */
const TOGETHER = 500

/** What was found is trusted for `tunables.credentialCache`, so that the hot path reads no keys. */
export function createAuthenticator(
  db: Database,
  tokens: EndUserTokens,
  runTokens: RunTokens,
  customers: CustomerTokens,
  broker: Pick<Broker, 'onCuts'>,
): Authenticator {
  const noteUse = createKeyUse(db)
  const keyOf = remember(REMEMBERED, tunables.credentialCache, async (key) => {
    const known = await findApiKey(db, key)
    if (known) noteUse(known.id)
    return known
  })
  const organizationOf = remember(REMEMBERED, tunables.credentialCache, (id) => findOrganization(db, id))
  // Thousands of people may come at once, e.g. after a node was lost.
  const isEndUser = gather(TOGETHER, (asked: readonly Omit<TokenClaims, 'expiresAt'>[]) => areEndUsers(db, asked))
  const isKnownEndUser = remember(REMEMBERED, tunables.credentialCache, (key) => {
    const [organizationId = '', endUserId = '', familyId] = key.split(' ')
    return isEndUser({ organizationId, endUserId, ...(familyId !== undefined && { familyId }) })
  })

  /** The key says whose token it is, before anything of the token is believed; somebody new is made known by it. */
  const customerOf = remember(REMEMBERED, tunables.credentialCache, async (keyAndToken): Promise<EndUserCaller> => {
    const [key, token] = keyAndToken.split(' ')
    const known = await keyOf(key!)
    if (known?.kind !== 'publishable') throw unauthorized()
    const organization = await organizationOf(known.organizationId)
    if (!organization?.settings.customerAuth) throw unauthorized()
    const { externalId, expiresAt } = await customers.verify(organization.settings.customerAuth, token!)
    const endUserId = await endUserOf(db, organization.id, externalId)
    return { kind: 'endUser', organizationId: organization.id, endUserId, keyId: known.id, expiresAt }
  })

  // Somebody has lost his right, which is rare: all are looked up anew, rather than keeping count of who asked by what.
  broker.onCuts((cuts) => {
    if (cuts.every(({ subject }) => uuidOf('session', subject))) return
    for (const remembered of [keyOf, isKnownEndUser, customerOf]) remembered.clear()
  })

  /** The signature of a token is checked once; when it ends, and whether its end user is still there, each time. */
  const verified = new Recent<TokenClaims>(REMEMBERED)
  async function claimsOf(token: string): Promise<TokenClaims> {
    const known = verified.get(token)
    if (known && known.expiresAt.getTime() > Date.now()) return known
    const claims = await tokens.verify(token)
    verified.set(token, claims)
    return claims
  }

  return {
    async authenticate(credential, publishableKey = null) {
      if (!credential) throw unauthorized()
      if (publishableKey !== null && !credential.startsWith('av_')) {
        const customer = await customerOf(`${publishableKey} ${credential}`)
        if (customer.expiresAt.getTime() <= Date.now() - CLOCKS_DIFFER_S * 1_000) throw tokenExpired()
        return customer
      }
      if (credential.startsWith(RUN_TOKEN_PREFIX)) return { kind: 'run', ...runTokens.verify(credential) }
      if (credential.startsWith('av_')) {
        const key = await keyOf(credential)
        if (!key) throw unauthorized()
        return { kind: key.kind, organizationId: key.organizationId, keyId: key.id }
      }
      const claims = await claimsOf(credential)
      const { organizationId, endUserId, familyId } = claims
      const asked = familyId === undefined ? [organizationId, endUserId] : [organizationId, endUserId, familyId]
      if (!(await isKnownEndUser(asked.join(' ')))) throw unauthorized()
      return { kind: 'endUser', ...claims }
    },
    async checkOrigin(caller, origin, host) {
      if (origin === undefined) return
      const organization: Organization | null = await organizationOf(caller.organizationId)
      if (organization && mayCallFrom(organization.settings, origin, host)) return
      throw new AgentViewError(
        'origin_not_allowed',
        `Pages of ${origin.slice(0, 200)} may not call this API: add the origin to the organization's allowed origins.`,
      )
    },
  }
}

/** The end user whom a customer's token names; made when nobody has the name yet, once however many ask at once. */
async function endUserOf(db: Database, organizationId: string, externalId: string): Promise<string> {
  const known = await findByExternalId(db, organizationId, externalId)
  if (known?.revoked) throw unauthorized()
  if (known) return known.id
  const made = await upsertEndUser(db, { id: newId('endUser'), organizationId, externalId, metadata: {} })
  if (!('endUser' in made)) throw unauthorized()
  return made.endUser.id
}
