import { createHmac, hkdfSync } from 'node:crypto'

/** A JWT signed with HS256 (RFC 7519), by whatever key. */
export function signToken(claims: object, key: Uint8Array | string): string {
  const head = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`
  return `${head}.${createHmac('sha256', key).update(head).digest('base64url')}`
}

/** One that says of itself that it needs no signature. */
export function unsignedToken(claims: object): string {
  return `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.`
}

/** The key of end users' tokens of an installation, as shared/intake/endUserTokens.ts derives it. */
export function endUserKey(agentviewSecret: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', agentviewSecret, '', 'agentview end-user tokens v1', 32))
}

export function endUserClaims(organizationId: string, endUserId: string, secondsLeft: number): object {
  const now = Math.floor(Date.now() / 1_000)
  return { org: organizationId, sub: endUserId, iss: 'agentview', aud: 'agentview-client', exp: now + secondsLeft }
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
