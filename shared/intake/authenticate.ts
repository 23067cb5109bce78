import { AgentViewError } from '@shared/domain/errors'
import { gather } from '@shared/domain/gather'
import { Recent } from '@shared/domain/recent'
import { remember } from '@shared/domain/remember'
import { tunables } from '@shared/domain/tunables'
import { findApiKey } from '@shared/store/apiKeys'
import { areEndUsers } from '@shared/store/endUsers'
import { type Organization, findOrganization } from '@shared/store/organizations'
import type { Database } from '@shared/store/pool'
import type { Caller } from './caller.ts'
import { type EndUserTokens, type TokenClaims, unauthorized } from './endUserTokens.ts'
import { mayCallFrom } from './origins.ts'
import { RUN_TOKEN_PREFIX, type RunTokens } from './runTokens.ts'

export interface Authenticator {
  /** Who sends this credential (a key or an end user's token, without `Bearer`). Throws AgentViewError. */
  authenticate(credential: string | null): Promise<Caller>
  /** Refuses a web page whose origin the caller's organization doesn't list. No origin: not a browser. */
  checkOrigin(caller: Caller, origin: string | undefined, host: string | undefined): Promise<void>
}

const REMEMBERED = 10_000
/** End users that one statement looks up. */
const TOGETHER = 500

/** What was found is trusted for `tunables.credentialCache`, so that the hot path reads no keys. */
export function createAuthenticator(db: Database, tokens: EndUserTokens, runTokens: RunTokens): Authenticator {
  const keyOf = remember(REMEMBERED, tunables.credentialCache, (key) => findApiKey(db, key))
  const organizationOf = remember(REMEMBERED, tunables.credentialCache, (id) => findOrganization(db, id))
  // Thousands of people may come at once, e.g. after a node was lost.
  const isEndUser = gather(TOGETHER, (asked: readonly Pick<TokenClaims, 'organizationId' | 'endUserId'>[]) =>
    areEndUsers(db, asked),
  )
  const isKnownEndUser = remember(REMEMBERED, tunables.credentialCache, (key) => {
    const [organizationId, endUserId] = key.split(' ')
    return isEndUser({ organizationId: organizationId!, endUserId: endUserId! })
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
    async authenticate(credential) {
      if (!credential) throw unauthorized()
      if (credential.startsWith(RUN_TOKEN_PREFIX)) return { kind: 'run', ...runTokens.verify(credential) }
      if (credential.startsWith('av_')) {
        const key = await keyOf(credential)
        if (!key) throw unauthorized()
        return { kind: key.kind, organizationId: key.organizationId, keyId: key.id }
      }
      const claims = await claimsOf(credential)
      if (!(await isKnownEndUser(`${claims.organizationId} ${claims.endUserId}`))) throw unauthorized()
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
