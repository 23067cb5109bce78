import type { Express } from 'express'
import { createReads } from '@shared/store/admin/database'
import type { AdminTools } from './adminTools.ts'
import { createLogin } from './login/createLogin.ts'
import { csrfTokens } from './login/csrf.ts'
import { createLoginLimiter } from './login/loginLimiter.ts'
import { mountAdmin } from './mountAdmin.ts'

/** What a process gives the Admin API; the rest of its tools is its own. */
export type AdminOptions = Omit<AdminTools, 'reads' | 'login' | 'limiter' | 'csrf'> & {
  databaseUrl: string
  /** AGENTVIEW_SECRET: signs the cookies. */
  secret: string
  version: string
}

/** Mounts the Admin API. Returns what closes its connections to Postgres. */
export function openAdmin(
  app: Express,
  { databaseUrl, secret, version, ...options }: AdminOptions,
): () => Promise<void> {
  const reads = createReads(databaseUrl, 'agentview admin reads')
  const login = createLogin(options.db, secret, options.publicUrl)
  const tools = { ...options, reads, login, limiter: createLoginLimiter(), csrf: csrfTokens(secret) }
  mountAdmin(app, tools, version)
  return () => reads.destroy()
}
