import { hkdfSync } from 'node:crypto'
import { SignJWT } from 'jose'

/** The key that end users' tokens are signed with, derived as shared/intake does it. */
export function signingKey(secret: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', 'agentview end-user tokens v1', 32))
}

export interface Forgery {
  sub?: string
  org?: string
  iss?: string
  aud?: string
  /** Seconds from now. */
  expiresIn?: number
  header?: Record<string, unknown>
  key?: Uint8Array
}

/** A token like ours in all that isn't said otherwise. */
export async function forgeToken(
  secret: string,
  person: { id: string; organizationId: string },
  forgery: Forgery = {},
): Promise<string> {
  const { sub = person.id, org = person.organizationId, iss = 'agentview', aud = 'agentview-client' } = forgery
  return new SignJWT({ org })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', ...forgery.header })
    .setIssuer(iss)
    .setAudience(aud)
    .setSubject(sub)
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1_000) + (forgery.expiresIn ?? 3_600))
    .sign(forgery.key ?? signingKey(secret))
}
