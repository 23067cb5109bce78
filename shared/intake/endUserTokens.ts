import { hkdfSync } from 'node:crypto'
import { SignJWT, errors, jwtVerify } from 'jose'
import { AgentViewError } from '@shared/domain/errors'
import { uuidOf } from '@shared/domain/ids'
import { tunables } from '@shared/domain/tunables'

const ISSUER = 'agentview'
const AUDIENCE = 'agentview-client'

export interface TokenClaims {
  organizationId: string
  endUserId: string
  expiresAt: Date
}

export interface EndUserTokens {
  /** A signed token that ends after `tunables.endUserToken`. */
  issue(organizationId: string, endUserId: string): Promise<{ token: string; expiresAt: Date }>
  /** Throws AgentViewError `unauthorized` or `token_expired`. */
  verify(token: string): Promise<TokenClaims>
}

/** End users' tokens: JWTs signed with HS256 under a key derived from AGENTVIEW_SECRET; no other algorithm is accepted. */
export function endUserTokens(agentviewSecret: string): EndUserTokens {
  const key = new Uint8Array(hkdfSync('sha256', agentviewSecret, '', 'agentview end-user tokens v1', 32))
  return {
    async issue(organizationId, endUserId) {
      const expiresAt = new Date(Math.floor((Date.now() + tunables.endUserToken) / 1_000) * 1_000)
      const token = await new SignJWT({ org: organizationId })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setSubject(endUserId)
        .setIssuedAt()
        .setExpirationTime(expiresAt)
        .sign(key)
      return { token, expiresAt }
    },
    async verify(token) {
      const { payload } = await jwtVerify(token, key, {
        algorithms: ['HS256'],
        issuer: ISSUER,
        audience: AUDIENCE,
        requiredClaims: ['exp', 'sub', 'org'],
      }).catch((error: unknown) => {
        if (error instanceof errors.JWTExpired)
          throw new AgentViewError('token_expired', 'The token has expired: refresh it.')
        throw unauthorized()
      })
      const { sub, org, exp } = payload
      if (typeof sub !== 'string' || typeof org !== 'string' || exp === undefined) throw unauthorized()
      if (!uuidOf('endUser', sub) || !uuidOf('organization', org)) throw unauthorized()
      return { organizationId: org, endUserId: sub, expiresAt: new Date(exp * 1_000) }
    },
  }
}

export function unauthorized(): AgentViewError {
  return new AgentViewError(
    'unauthorized',
    'The credential is missing or not valid: send it as "Authorization: Bearer …".',
  )
}
