import pg from 'pg'
import { pendingMigrations } from '@agentview/migrations/migrate'
import { checkPooler } from './checkPooler.ts'
import { type Finding, bad, ok, reasonOf, warn } from './finding.ts'

const OLDEST = 140_000
/** Connections beside the pool that a process may open: those of the queue, of LISTEN and of the reconciler's lock. */
const BESIDE_THE_POOL = 8
const CONNECT_MS = 5_000
/** From here on, tokens and signatures of one machine seem expired or early to another. */
const SKEW_MS = 5_000

interface Facts {
  version: string
  number: number
  most: number
  now: Date
}

/** Reachable, new enough, migrated, with room for our connections, and of the same time as this machine. */
export async function checkPostgres(databaseUrl: string, pool: number): Promise<Finding[]> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'agentview doctor',
    connectionTimeoutMillis: CONNECT_MS,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<Facts>(
      `select current_setting('server_version') as version,
              current_setting('server_version_num')::int as number,
              current_setting('max_connections')::int as most,
              clock_timestamp() as now`,
    )
    return [
      ...judgeFacts(rows[0]!, pool),
      await checkPooler(client, databaseUrl),
      judgePending(await pendingMigrations(databaseUrl)),
    ]
  } catch (error) {
    const advice = 'Is it running, and are host, port, user, password and name in DATABASE_URL right?'
    return [bad('Postgres', `can not be used (${reasonOf(error)})`, advice)]
  } finally {
    await client.end().catch(() => undefined)
  }
}

function judgeFacts({ version, number, most, now }: Facts, pool: number): Finding[] {
  const needed = pool + BESIDE_THE_POOL
  const skew = Math.abs(now.getTime() - Date.now())
  return [
    number >= OLDEST ? ok('Postgres', version) : bad('Postgres', `is ${version}`, 'Use Postgres 14 or newer.'),
    needed * 2 <= most
      ? ok('Connections', `up to ${needed} a process, of ${most}`)
      : warn(
          'Connections',
          `up to ${needed} a process, of ${most} that Postgres allows`,
          'Lower AGENTVIEW_POOL, or raise max_connections, so that all processes have room together.',
        ),
    skew <= SKEW_MS
      ? ok('Clock', 'agrees with that of Postgres')
      : warn(
          'Clock',
          `differs from that of Postgres by ${Math.round(skew / 1_000)} s`,
          'Let both machines keep time by NTP.',
        ),
  ]
}

function judgePending(pending: readonly string[]): Finding {
  return pending.length === 0
    ? ok('Schema', 'is the newest')
    : bad('Schema', `lacks ${pending.join(', ')}`, 'Run "agentview migrate", or set AGENTVIEW_AUTO_MIGRATE=1.')
}
