import pg from 'pg'
import { type Finding, bad, ok, warn } from './finding.ts'

/** What two connections that are open at once were told of the server's processes behind them. */
export interface Sessions {
  /** The process that the first was named when it connected; a pooler names one of its own. */
  named: number | null
  first: number
  second: number
}

/**
 * Whether a connection is a session of its own all the time. Behind a pooler that gives it away after each transaction
 * (PgBouncer's pool_mode transaction or statement), LISTEN hears nothing and advisory locks stay with somebody else.
 */
export async function checkPooler(client: pg.Client, databaseUrl: string): Promise<Finding> {
  const other = new pg.Client({ connectionString: databaseUrl, application_name: 'agentview doctor' })
  other.on('error', () => undefined)
  try {
    await other.connect()
    const named = 'processID' in client && typeof client.processID === 'number' ? client.processID : null
    return judgeSessions({ named, first: await pidOf(client), second: await pidOf(other) })
  } finally {
    await other.end().catch(() => undefined)
  }
}

async function pidOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  return rows[0]!.pid
}

/** Two sessions never share one process of Postgres; two that a pooler serves by turns do. */
export function judgeSessions({ named, first, second }: Sessions): Finding {
  if (first === second) {
    return bad(
      'Pooler',
      'connections are shared after each transaction: LISTEN, advisory locks and prepared statements break',
      'Point DATABASE_URL at Postgres itself, or set pool_mode = session in the pooler (PgBouncer).',
    )
  }
  if (named !== null && named !== first) {
    return warn(
      'Pooler',
      'there is a pooler between this machine and Postgres',
      'Its pool_mode must be session; with enough load, transaction mode would be seen here as bad.',
    )
  }
  return ok('Pooler', 'none: connections are sessions of their own')
}
