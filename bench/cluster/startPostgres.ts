import pg from 'pg'
import { databaseUrl, ensureDatabase } from 'agentview/embedded/database'
import { prepareFolder } from 'agentview/embedded/postgres'
import { stopPostmaster } from 'agentview/embedded/postmaster'
import { isAlive, signal, waitUntilGone } from 'agentview/embedded/processes'
import { type Launch, startServer } from 'agentview/embedded/server'
import { SETTINGS } from 'agentview/embedded/settings'
import type { Cleanup } from './cleanup.ts'
import type { WorkFolder } from './workFolder.ts'

/** Several processes with a pool each, and room for their data: the embedded defaults are for one process on a laptop. */
const OURS = { max_connections: '300', shared_buffers: '128MB' }
const GONE_MS = 10_000

/** A Postgres of our own on the embedded binaries. Nothing starts it again but `start`. */
export class OwnPostgres {
  readonly url: string
  readonly #launch: Launch
  readonly #port: number
  readonly #endWithUs = () => signal(this.#pid, 'SIGQUIT')
  #pid: number

  constructor(launch: Launch, server: { pid: number; port: number }) {
    this.#launch = launch
    this.#port = server.port
    this.#pid = server.pid
    this.url = databaseUrl(server.port, launch.password)
    // The last resort, when we end without having cleaned up.
    process.once('exit', this.#endWithUs)
  }

  /** Of the postmaster, whose children are all of Postgres. */
  get pid(): number {
    return this.#pid
  }

  get running(): boolean {
    return isAlive(this.#pid)
  }

  /** `pg_ctl stop -m immediate`: all its processes end at once, without a checkpoint. */
  async stopImmediate(): Promise<void> {
    signal(this.#pid, 'SIGQUIT')
    await this.#gone()
  }

  /** The postmaster is killed; its children notice and end. */
  async kill(): Promise<void> {
    signal(this.#pid, 'SIGKILL')
    await this.#gone()
  }

  /** On the same port and data; resolves when it accepts connections. */
  async start(): Promise<void> {
    if (this.running) return
    this.#pid = (await startServer(this.#launch, this.#port)).pid
  }

  stop(): Promise<void> {
    process.off('exit', this.#endWithUs)
    return stopPostmaster(this.#pid)
  }

  /** Asks Postgres itself, by no proxy. */
  async query<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.url, connectionTimeoutMillis: 5_000 })
    client.on('error', () => undefined)
    await client.connect()
    try {
      return (await client.query<Row>(text, values)).rows
    } finally {
      await client.end()
    }
  }

  /** Ends connections by `pg_terminate_backend`; all, or those whose application_name is like `name`. Gives how many. */
  async terminateConnections(name = '%'): Promise<number> {
    const rows = await this.query<{ ended: boolean }>(
      `select pg_terminate_backend(pid) as ended from pg_stat_activity
        where pid <> pg_backend_pid() and backend_type = 'client backend' and application_name like $1`,
      [name],
    )
    return rows.filter(({ ended }) => ended).length
  }

  async #gone(): Promise<void> {
    if (!(await waitUntilGone(this.#pid, GONE_MS))) throw new Error(`Postgres (pid ${this.#pid}) does not end`)
  }
}

export interface PostgresOptions {
  /** Settings on top of the harness' own. */
  settings?: Readonly<Record<string, string>>
  /** A folder whose data is kept; without it the data is new, and gone at the end. */
  kept?: string
}

/** A Postgres with an empty database, or with the one that was kept; stopped at the end. */
export async function startPostgres(
  folder: WorkFolder,
  cleanup: Cleanup,
  { settings, kept }: PostgresOptions = {},
): Promise<OwnPostgres> {
  const all = { ...SETTINGS, ...OURS, ...settings }
  const launch = await prepareFolder(kept ?? (await folder.make('postgres')), all, () => undefined)
  const server = await startServer(launch)
  const postgres = new OwnPostgres(launch, server)
  cleanup.defer(() => postgres.stop())
  await ensureDatabase(server.port, launch.password)
  return postgres
}
