import { createHmac, createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto'
import { SignJWT } from 'jose'
import { AgentViewError } from '@shared/domain/errors'
import { uuidOf } from '@shared/domain/ids'
import { isObject } from '@shared/domain/json'
import { tunables } from '@shared/domain/tunables'

const ISSUER = 'agentview'
const AUDIENCE = 'agentview-client'

export interface TokenClaims {
  organizationId: string
  endUserId: string
  /** All tokens that came from one login: they are revoked together. */
  familyId?: string
  expiresAt: Date
}

export interface EndUserTokens {
  /** A signed token that ends after `tunables.endUserToken`, or when its family is revoked. */
  issue(organizationId: string, endUserId: string, familyId?: string): Promise<{ token: string; expiresAt: Date }>
  /** Throws AgentViewError `unauthorized` or `token_expired`. */
  verify(token: string): Promise<TokenClaims>
}

/**
 * End users' tokens: JWTs signed with HS256 under a key derived from AGENTVIEW_SECRET; no other algorithm is accepted
 * (RFC 7519, 7515). Each socket that connects has one to be verified, so that is done here and now: WebCrypto would go
 * to another thread for it, which costs many times what the signature does.
 */
export function endUserTokens(agentviewSecret: string): EndUserTokens {
  const key = new Uint8Array(hkdfSync('sha256', agentviewSecret, '', 'agentview end-user tokens v1', 32))
  const hmacKey = createSecretKey(key)

  /** What a token says whose signature is ours; else null. Compared as text: of one signature there is one spelling. */
  function read(token: string): Record<string, unknown> | null {
    const [header = '', body = '', signature = '', ...more] = token.split('.')
    const wanted = Buffer.from(createHmac('sha256', hmacKey).update(`${header}.${body}`).digest('base64url'))
    const given = Buffer.from(signature)
    if (more.length > 0 || given.length !== wanted.length || !timingSafeEqual(given, wanted)) return null
    const { alg, crit } = parsePart(header) ?? {}
    return alg === 'HS256' && crit === undefined ? parsePart(body) : null
  }

  return {
    async issue(organizationId, endUserId, familyId) {
      const expiresAt = new Date(Math.floor((Date.now() + tunables.endUserToken) / 1_000) * 1_000)
      const token = await new SignJWT({ org: organizationId, ...(familyId !== undefined && { fam: familyId }) })
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
      const payload = read(token)
      if (!payload) throw unauthorized()
      const { iss, aud, sub, org, fam, exp } = payload
      if (iss !== ISSUER || aud !== AUDIENCE || typeof exp !== 'number') throw unauthorized()
      if (typeof sub !== 'string' || typeof org !== 'string') throw unauthorized()
      if (!uuidOf('endUser', sub) || !uuidOf('organization', org)) throw unauthorized()
      if (fam !== undefined && (typeof fam !== 'string' || !uuidOf('tokenFamily', fam))) throw unauthorized()
      if (exp * 1_000 <= Date.now()) throw new AgentViewError('token_expired', 'The token has expired: refresh it.')
      const family = fam === undefined ? {} : { familyId: fam }
      return { organizationId: org, endUserId: sub, ...family, expiresAt: new Date(exp * 1_000) }
    },
  }
}

function parsePart(part: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

export function unauthorized(): AgentViewError {
  return new AgentViewError(
    'unauthorized',
    'The credential is missing or not valid: send it as "Authorization: Bearer …".',
  )
}
