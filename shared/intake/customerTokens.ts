import { createSecretKey } from 'node:crypto'
import {
  type FetchImplementation,
  type JWTPayload,
  type JWTVerifyGetKey,
  createRemoteJWKSet,
  customFetch,
  errors,
  jwtVerify,
} from 'jose'
import { ExternalId } from '@shared/contracts/messages'
import { checkOf } from '@shared/contracts/validate'
import { AgentViewError } from '@shared/domain/errors'
import { findJsonFault } from '@shared/domain/json'
import { Recent } from '@shared/domain/recent'
import { tunables } from '@shared/domain/tunables'
import type { CustomerAuth } from '@shared/store/organizations'
import { unseal } from '@shared/store/sealedSecrets'
import { unauthorized } from './endUserTokens.ts'

/** Whom a customer's own token names. */
export interface CustomerClaims {
  externalId: string
  expiresAt: Date
}

export interface CustomerTokens {
  /** Verifies a token by an organization's settings. Throws AgentViewError `unauthorized`, `token_expired`, `unavailable`. */
  verify(auth: CustomerAuth, token: string): Promise<CustomerClaims>
}

/** Which algorithms count is said by us, never by the token: a public key must not be taken for a shared secret. */
const SHARED = ['HS256', 'HS384', 'HS512']
const PUBLIC = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
/** Clocks of two machines differ a little. */
export const CLOCKS_DIFFER_S = 5
/** Key sets that are remembered; each keeps its own keys. */
const KEY_SETS = 1_000

const checkExternalId = checkOf(ExternalId)

/**
 * The customer's own JWTs (RFC 7519), signed with a secret that he shares with us, or with keys that stand at his JWKS URL
 * (RFC 7517). Keys are fetched when they are first needed, again when a token names an unknown one (not more often than
 * every `tunables.jwks.cooldown`), and after `tunables.jwks.kept`. What a header says of where keys are (`jku`, `x5u`, `jwk`)
 * is not looked at; `kid` is only compared.
 */
export function customerTokens(agentviewSecret: string, fetchKeys: FetchImplementation): CustomerTokens {
  const sets = new Recent<JWTVerifyGetKey>(KEY_SETS)

  function keysAt(url: string): JWTVerifyGetKey {
    const known = sets.get(url)
    if (known) return known
    const { kept, cooldown, timeout } = tunables.jwks
    const options = { cacheMaxAge: kept, cooldownDuration: cooldown, timeoutDuration: timeout }
    const keys = createRemoteJWKSet(new URL(url), { ...options, [customFetch]: fetchKeys })
    sets.set(url, keys)
    return keys
  }

  async function payloadOf({ issuer, audience, sharedSecret, jwksUrl }: CustomerAuth, token: string) {
    const options = {
      requiredClaims: ['sub', 'exp'],
      clockTolerance: CLOCKS_DIFFER_S,
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
    }
    if (jwksUrl !== undefined)
      return (await jwtVerify(token, keysAt(jwksUrl), { ...options, algorithms: PUBLIC })).payload
    if (sharedSecret === undefined) throw unauthorized()
    const key = createSecretKey(Buffer.from(unseal(agentviewSecret, sharedSecret)))
    return (await jwtVerify(token, key, { ...options, algorithms: SHARED })).payload
  }

  return {
    async verify(auth, token) {
      const payload = await payloadOf(auth, token).catch((error: unknown) => {
        throw refusalOf(error)
      })
      return claimsOf(payload)
    },
  }
}

function claimsOf({ sub, exp }: JWTPayload): CustomerClaims {
  const checked = checkExternalId(sub)
  if (!checked.ok || findJsonFault(sub, 1) || exp === undefined) throw unauthorized()
  return { externalId: checked.value, expiresAt: new Date(exp * 1_000) }
}

export function tokenExpired(): AgentViewError {
  return new AgentViewError('token_expired', 'The token has expired: get a new one from your own server.')
}

/** What is wrong with a token is told to nobody in detail; that its keys can't be had is no fault of the token. */
function refusalOf(error: unknown): Error {
  if (error instanceof AgentViewError) return error
  if (error instanceof errors.JWTExpired) return tokenExpired()
  const isOfToken =
    error instanceof errors.JOSEError &&
    !(error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid || error.code === 'ERR_JOSE_GENERIC')
  if (isOfToken) return unauthorized()
  return new AgentViewError(
    'unavailable',
    'The keys of the organization’s JWKS URL can not be had just now: try again, and see that the URL answers with a key set.',
  )
}
