import knex, { type Knex } from 'knex'
import pg from 'pg'
import { tunables } from '@shared/domain/tunables'

/**
 * A process' connections for reads with filters that people choose. Apart from the engine's pool: its plans are made for
 * each statement anew (nothing is prepared) and may read whole tables, and its statements are stopped much earlier.
 */
export function createReads(url: string, name: string, max: number = tunables.admin.pool): Knex {
  return knex({
    client: 'pg',
    connection: {
      connectionString: url,
      application_name: name,
      statement_timeout: tunables.admin.statement,
      keepAlive: true,
      options: '-c jit=off -c default_transaction_read_only=on',
      types: {
        // as in the engine's pool: seqs and counts are far below 2^53
        getTypeParser: (oid: number, format?: string) =>
          oid === pg.types.builtins.INT8 && format !== 'binary'
            ? Number
            : pg.types.getTypeParser(oid, format === 'binary' ? 'binary' : 'text'),
      },
    },
    pool: { min: 0, max, idleTimeoutMillis: 10_000 },
    acquireConnectionTimeout: tunables.postgresConnect,
  })
}
