import type { IncomingMessage } from 'node:http'
import type { Knex } from 'knex'
import type { Connections } from '@shared/delivery/connections'
import type { SessionFeeds } from '@shared/delivery/sessionFeeds'
import type { FaultLog } from '@shared/http/answers'
import type { Authenticator } from '@shared/intake/authenticate'
import type { IntakeTools } from '@shared/intake/intakeTools'
import type { CsrfTokens } from './login/csrf.ts'
import type { Login } from './login/createLogin.ts'
import type { LoginLimiter } from './login/loginLimiter.ts'
import type { Mailer } from './mailer.ts'
import type { WriteRequest } from './showAttempt.ts'

/** What the routes of the Admin API work with. */
export interface AdminTools extends IntakeTools {
  /** Reads with filters that people choose: a pool of its own, planned freely, stopped when they take too long. */
  reads: Knex
  feeds: SessionFeeds
  connections: Connections
  authenticator: Authenticator
  login: Login
  limiter: LoginLimiter
  csrf: CsrfTokens
  /** Null: no mail is sent, links are only shown. */
  mailer: Mailer | null
  writeRequest: WriteRequest
  /** Where a request comes from: what tries to log in are counted by. */
  addressOf(request: IncomingMessage): string
  /** Where browsers reach AgentView. */
  publicUrl: string
  log: IntakeTools['log'] & FaultLog & { warn(details: object, line: string): void }
}
