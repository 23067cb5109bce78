import { createRequire } from 'node:module'
import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import knex, { type Knex } from 'knex'
import * as core from './0001_core.ts'
import * as protocol from './0002_protocol.ts'
import * as webhooks from './0003_webhooks.ts'
import * as retention from './0004_retention.ts'
import * as sessions from './0006_sessions.ts'
import * as lighterWrites from './0009_lighter_writes.ts'
import * as limits from './0010_limits.ts'
import * as memories from './0011_memories.ts'
import * as members from './0012_members.ts'
import * as discussions from './0013_discussions.ts'
import * as flatGrowth from './0020_flat_growth.ts'

/** All migrations in order. Names have no extension, or tsx and node would see two different ones. */
const MIGRATIONS: Record<string, Knex.Migration> = {
  '0001_core': core,
  '0002_protocol': protocol,
  '0003_webhooks': webhooks,
  '0004_retention': retention,
  '0006_sessions': sessions,
  '0009_lighter_writes': lighterWrites,
  '0010_limits': limits,
  '0011_memories': memories,
  '0012_members': members,
  '0013_discussions': discussions,
  '0020_flat_growth': flatGrowth,
}

/** Serialises processes that migrate the same database at once; any constant of our own does. */
const MIGRATION_LOCK = 4_172_690_142

class Migrations implements Knex.MigrationSource<string> {
  async getMigrations(): Promise<string[]> {
    return Object.keys(MIGRATIONS)
  }
  getMigrationName(name: string): string {
    return name
  }
  async getMigration(name: string): Promise<Knex.Migration> {
    const migration = MIGRATIONS[name]
    if (!migration) throw new Error(`No migration is named ${name}.`)
    return migration
  }
}

/**
 * Brings a database to the newest schema and installs the store's functions. Idempotent, and safe when several
 * processes start at once. Throws what Postgres says when it can't be reached or refuses.
 */
export async function migrate(databaseUrl: string): Promise<void> {
  const db = knex({ client: 'pg', connection: databaseUrl, pool: { min: 0, max: 2 } })
  try {
    await db.transaction(async (lock) => {
      await lock.raw('select pg_advisory_xact_lock(?)', [MIGRATION_LOCK])
      await db.migrate.latest({ migrationSource: new Migrations(), disableMigrationsListValidation: true })
      await db.transaction(async (transaction) => {
        for (const sql of await functionSources()) await transaction.raw(sql.replaceAll('?', '\\?'))
        await transaction.raw('select ensure_delta_partitions_v1(3)')
      })
    })
  } finally {
    await db.destroy()
  }
}

/** The store's functions, in the order of their names: later ones may use earlier ones. */
async function functionSources(): Promise<string[]> {
  const folder = path.join(
    path.dirname(createRequire(import.meta.url).resolve('@shared/store/package.json')),
    'functions',
  )
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).toSorted()
  return Promise.all(names.map((name) => readFile(path.join(folder, name), 'utf8')))
}

/** Names of the migrations that a database has not had yet; changes nothing. */
export async function pendingMigrations(databaseUrl: string): Promise<string[]> {
  const db = knex({ client: 'pg', connection: databaseUrl, pool: { min: 0, max: 1 } })
  try {
    if (!(await db.schema.hasTable('knex_migrations'))) return Object.keys(MIGRATIONS)
    const done = new Set(await db('knex_migrations').pluck<string[]>('name'))
    return Object.keys(MIGRATIONS).filter((name) => !done.has(name))
  } finally {
    await db.destroy()
  }
}
