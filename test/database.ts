import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { migrate } from '@agentview/migrations/migrate'
import pg from 'pg'

/** A migrated database of one test file's own. */
export interface TestDatabase {
  url: string
  /** Removes it. Throws when a connection of the test is still open long after: a pool was not closed. */
  drop(): Promise<void>
}

/** One for all workers and files of a run: whoever comes first makes the template. Any constant of our own does. */
const TEMPLATE_LOCK = 7_120_935_284
/** Postgres notices a closed connection a little after the client has forgotten it, on a busy machine much later. */
const CLOSING_MS = 20_000

const prefix = `agentview_test_${process.env.AGENTVIEW_TEST_RUN}`
const template = `${prefix}_template`

/** Clones the migrated template of this run, which takes some 50 ms and makes a file independent of all others. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `${prefix}_${randomBytes(6).toString('hex')}`
  await asAdministrator(async (client) => {
    await ensureTemplate(client)
    await client.query(`create database ${name} template ${template}`)
  })
  return { url: urlOf(name), drop: () => drop(name) }
}

function serverUrl(): string {
  const url = process.env.AGENTVIEW_TEST_DATABASE_URL
  if (!url) throw new Error('AGENTVIEW_TEST_DATABASE_URL is not set: run the tests with npm test.')
  return url
}

function urlOf(database: string): string {
  const url = new URL(serverUrl())
  url.pathname = `/${database}`
  return url.href
}

async function asAdministrator<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: serverUrl() })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** The template gets its name when it is migrated, so one of that name is complete. */
async function ensureTemplate(client: pg.Client): Promise<void> {
  await client.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK])
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [template])
    if (rowCount) return
    const making = `${template}_making`
    await client.query(`drop database if exists ${making} with (force)`)
    await client.query(`create database ${making}`)
    await migrate(urlOf(making))
    await client.query(`alter database ${making} rename to ${template}`)
  } finally {
    await client.query('select pg_advisory_unlock($1)', [TEMPLATE_LOCK])
  }
}

async function drop(name: string): Promise<void> {
  await asAdministrator(async (client) => {
    const open = await connectionsAfterClosing(client, name)
    await client.query(`drop database if exists ${name} with (force)`)
    if (open.length > 0) throw new Error(`${open.length} connections are still open; last queries: ${open.join(' | ')}`)
  })
}

/** The last queries of connections that stay open. */
async function connectionsAfterClosing(client: pg.Client, name: string): Promise<string[]> {
  for (const deadline = performance.now() + CLOSING_MS; ; await sleep(10)) {
    const { rows } = await client.query<{ query: string }>(
      `select query from pg_stat_activity where datname = $1 and backend_type = 'client backend'`,
      [name],
    )
    if (rows.length === 0 || performance.now() > deadline) return rows.map((row) => row.query)
  }
}
