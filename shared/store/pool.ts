import pg from 'pg'
import { tunables } from '@shared/domain/tunables'

/** A process' connections to Postgres. */
export type Database = pg.Pool

export interface PoolOptions {
  url: string
  /** Shown in pg_stat_activity, e.g. `agentview worker`. */
  name: string
  /** Connections at most. All pools of all processes together must stay below Postgres' max_connections. */
  max: number
  onError: (error: Error) => void
}

const types = {
  // seqs and counts are bigint in Postgres and far below 2^53
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === pg.types.builtins.INT8 && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format),
} as pg.CustomTypesConfig

/**
 * A pool with the engine's safety limits: an open transaction may hold a session's head, so Postgres ends one that is
 * left idle; no statement runs for ever. An error of an idle connection is reported, never thrown.
 */
export function createPool({ url, name, max, onError }: PoolOptions): Database {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: name,
    max,
    types,
    connectionTimeoutMillis: tunables.postgresConnect,
    statement_timeout: tunables.postgresStatement,
    query_timeout: tunables.postgresStatement + tunables.postgresConnect,
    idle_in_transaction_session_timeout: tunables.postgresIdleInTransaction,
    keepAlive: true,
    // Plans are kept as long as a connection lives. One that was made while a table was a page long would read all of it
    // for minutes after it has grown; without sequential scans it takes the index from the beginning.
    // No statement here is worth compiling, and Postgres < 18 counts an unavoidable scan as dear enough to.
    options: '-c enable_seqscan=off -c jit=off',
  })
  pool.on('error', onError)
  // The pool listens to connections that are idle. One that breaks while it is used fails its statement and emits an error
  // as well, which would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}
