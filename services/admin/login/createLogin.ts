import { hkdfSync } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { betterAuth } from 'better-auth'
import { idOf, newUuid } from '@shared/domain/ids'
import { tunables } from '@shared/domain/tunables'
import { type User, plainEmail } from '@shared/store/admin/users'
import type { Database } from '@shared/store/pool'
import { loginTables } from './loginTables.ts'
import { hashPassword, isPassword } from './passwords.ts'

/** Somebody who is logged in. */
export interface Person {
  user: User
  loginId: string
  loginEnds: Date
}

/** `cookies`: what the answer has to set. */
export interface Login {
  /** Null: no such pair of address and password, whichever of them is wrong. */
  signIn(email: string, password: string, headers: IncomingHttpHeaders): Promise<{ cookies: string[] } | null>
  /** Whose cookie this is; null when it is nobody's, or has ended. A login that is used is renewed now and then. */
  whoIs(headers: IncomingHttpHeaders): Promise<{ person: Person; cookies: string[] } | null>
  signOut(headers: IncomingHttpHeaders): Promise<string[]>
}

const SECONDS = 1_000
const DAY_S = 86_400

/**
 * Logins by better-auth: its users, accounts and sessions, called behind our routes; its own HTTP handler is not mounted.
 * `url`: where browsers reach AgentView; with https the cookie is for https only.
 */
export function createLogin(db: Database, secret: string, url: string): Login {
  const times = { createdAt: 'created_at', updatedAt: 'updated_at' }
  const auth = betterAuth({
    baseURL: url,
    basePath: '/admin/v1',
    secret: Buffer.from(hkdfSync('sha256', secret, '', 'agentview logins v1', 32)).toString('base64url'),
    database: loginTables(db),
    user: { modelName: 'users', fields: { emailVerified: 'email_verified', ...times } },
    account: {
      modelName: 'accounts',
      fields: { userId: 'user_id', providerId: 'provider_id', accountId: 'account_id', ...times },
    },
    session: {
      modelName: 'login_sessions',
      fields: {
        userId: 'user_id',
        token: 'token_hash',
        expiresAt: 'expires_at',
        ipAddress: 'ip_address',
        userAgent: 'user_agent',
        ...times,
      },
      expiresIn: tunables.login.lasts / SECONDS,
      updateAge: DAY_S,
    },
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      password: { hash: hashPassword, verify: ({ hash, password }) => isPassword(password, hash) },
    },
    advanced: {
      cookiePrefix: 'agentview',
      useSecureCookies: url.startsWith('https://'),
      defaultCookieAttributes: { httpOnly: true, sameSite: 'lax', path: '/' },
      database: { generateId: () => newUuid() },
    },
    // Tries are counted by loginLimiter.ts; only better-auth's own HTTP handler would count here.
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { disabled: true },
  })

  return {
    async signIn(email, password, headers) {
      const body = { email: plainEmail(email), password }
      try {
        const { headers: answered } = await auth.api.signInEmail({ body, headers: plain(headers), returnHeaders: true })
        return { cookies: answered.getSetCookie() }
      } catch (error) {
        if (!isRefusal(error)) throw error
        // What isn't an address at all is refused without a hash: it must take as long as any other.
        if (error.statusCode === 400) await isPassword(password, null)
        return null
      }
    },
    async whoIs(headers) {
      if (headers.cookie === undefined) return null
      const { headers: answered, response } = await auth.api.getSession({
        headers: plain(headers),
        returnHeaders: true,
      })
      if (!response) return null
      const { user, session } = response
      return {
        person: {
          user: { id: idOf('user', user.id), email: user.email, name: user.name },
          loginId: idOf('loginSession', session.id),
          loginEnds: new Date(session.expiresAt),
        },
        cookies: answered.getSetCookie(),
      }
    },
    async signOut(headers) {
      const { headers: answered } = await auth.api.signOut({ headers: plain(headers), returnHeaders: true })
      return answered.getSetCookie()
    },
  }
}

/** Only what better-auth has to know: nothing that a proxy or a page says makes it believe another address or host. */
function plain({ cookie, 'user-agent': agent }: IncomingHttpHeaders): Headers {
  return new Headers({ ...(cookie !== undefined && { cookie }), ...(agent !== undefined && { 'user-agent': agent }) })
}

function isRefusal(error: unknown): error is Error & { statusCode: number } {
  return (
    error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' && error.statusCode < 500
  )
}
