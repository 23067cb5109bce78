import type { Database } from '@shared/store/pool'
import { type Settings, SettingsError } from './settings.ts'

/** Throws SettingsError for a database that nobody has prepared. */
export async function assertMigrated(db: Database): Promise<void> {
  const { rows } = await db.query<{ there: boolean }>(`select to_regclass('session_heads') is not null as there`)
  if (!rows[0]?.there) {
    throw new SettingsError(
      'The database has no AgentView schema yet: run "agentview migrate", or set AGENTVIEW_AUTO_MIGRATE=1.',
    )
  }
}

/** What a person can do about a service that does not answer; never with its password. */
export function explained(error: unknown, { databaseUrl }: Pick<Settings, 'databaseUrl'>): unknown {
  if (!(error instanceof Error) || error instanceof SettingsError) return error
  const code = 'code' in error ? String(error.code) : ''
  const refused =
    /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|28P01|3D000|28000|57P03)$/.test(code) ||
    /timeout/i.test(error.message)
  if (databaseUrl === null || !refused) return error
  const { hostname, port, pathname } = new URL(databaseUrl)
  const where = `${hostname}:${port || '5432'}${pathname}`
  return new SettingsError(
    `DATABASE_URL: Postgres at ${where} does not let us in (${error.message}). Is it running, and are user, password and name right?`,
  )
}
