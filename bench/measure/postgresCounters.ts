import pg from 'pg'

/** What a Postgres has counted so far. */
export interface PostgresCounts {
  /** Transactions that ended well, also those that only read. */
  commits: number
  rollbacks: number
  /** Transactions that have written: each is a commit that waits for the disk. */
  writes: number
  walBytes: number
}

/** Reads the counters on one connection of its own, whose own transactions it leaves out. */
export interface PostgresCounter {
  read(): Promise<PostgresCounts>
  end(): Promise<void>
}

/**
 * Backends report their commits once a second while they are busy, so two readings during an even load are right in the
 * mean, and one right after a load has ended is too low.
 */
export async function startPostgresCounter(url: string): Promise<PostgresCounter> {
  const client = new pg.Client({ connectionString: url, application_name: 'bench' })
  // Postgres stops before it when something fails.
  client.on('error', () => undefined)
  await client.connect()
  let own = 0
  return {
    async read() {
      const { rows } = await client.query<Record<keyof PostgresCounts, string>>(COUNTERS)
      const [row] = rows
      const commits = Number(row?.commits) - own
      // What comes after it: this one statement.
      own++
      return {
        commits,
        rollbacks: Number(row?.rollbacks),
        writes: Number(row?.writes),
        walBytes: Number(row?.walBytes),
      }
    },
    end: () => client.end(),
  }
}

const COUNTERS = `
  select d.xact_commit as commits, d.xact_rollback as rollbacks,
         pg_snapshot_xmax(pg_current_snapshot())::text as writes,
         pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') as "walBytes"
    from pg_stat_database d where d.datname = current_database()`
