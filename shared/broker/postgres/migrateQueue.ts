import { assertSchemaCompatibility, LATEST_SCHEMA_VERSION, runMigrations, SchemaMigrationRequiredError } from 'bullmq'
import pg from 'pg'
import { tunables } from '@shared/domain/tunables'
import { within } from '../bounded.ts'
import { connectionConfig } from './connectionConfig.ts'

/**
 * Makes BullMQ's tables, or brings them up to this version of BullMQ. Any number of processes may do it at once: BullMQ
 * takes an advisory lock of the schema first. What is up to date is only read.
 */
export async function migrateQueue(url: URL, schema: string): Promise<void> {
  const { config, sever } = connectionConfig(url, 'agentview queue migration')
  // Waiting for another process' migration may take longer than any other query.
  const client = new pg.Client({ ...config, query_timeout: tunables.broker.migrate })
  // The query that fails says it.
  client.on('error', () => undefined)
  try {
    await client.connect()
    // Unlike bells, tables must not be lost in a crash: brokers that have seen them count on them.
    await client.query('set synchronous_commit = on')
    if ((await currentVersion(client, schema)) < LATEST_SCHEMA_VERSION) {
      await within(
        runMigrations(client, schema),
        tunables.broker.migrate,
        `the queue's tables in ${schema} could not be made in time`,
      )
    }
    await client.end()
  } finally {
    sever()
  }
}

async function currentVersion(client: pg.Client, schema: string): Promise<number> {
  try {
    return await assertSchemaCompatibility(client, schema)
  } catch (error) {
    if (error instanceof SchemaMigrationRequiredError) return 0
    throw error
  }
}
