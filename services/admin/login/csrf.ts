import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'

/** Tokens that a page of ours knows and another one can't: a browser sends the cookie by itself, but not this. */
export interface CsrfTokens {
  of(loginId: string): string
  isOf(loginId: string, token: unknown): boolean
}

export function csrfTokens(secret: string): CsrfTokens {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'agentview csrf tokens v1', 32))
  const of = (loginId: string) => createHmac('sha256', key).update(loginId).digest('base64url')
  return {
    of,
    isOf(loginId, token) {
      if (typeof token !== 'string') return false
      const [given, wanted] = [Buffer.from(token), Buffer.from(of(loginId))]
      return given.length === wanted.length && timingSafeEqual(given, wanted)
    },
  }
}
