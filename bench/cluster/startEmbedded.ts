import { findDataFolder } from 'agentview/embedded/dataFolder'
import { databaseUrl } from 'agentview/embedded/database'
import { keptPassword } from 'agentview/embedded/initialise'
import { readPostmaster } from 'agentview/embedded/postmaster'
import type { Cleanup } from './cleanup.ts'
import { readCredentials } from './credentials.ts'
import { freePorts, isReady } from './ports.ts'
import { agentview, repository } from './repository.ts'
import type { Running } from './running.ts'
import { startProcess, waitUntil } from './startProcess.ts'
import type { WorkFolder } from './workFolder.ts'

/** The first start makes a database (initdb), and as root it copies Postgres' programs. */
const READY_MS = 180_000

export interface EmbeddedOptions {
  /** A config file instead of the example agents. */
  config?: string
  /** Settings on top of the usual ones. */
  settings?: Readonly<Record<string, string>>
}

/** Starts what `npm start` starts, on a free port and with new data: one process with all of AgentView and its agents. */
export async function startEmbedded(
  folder: WorkFolder,
  environment: NodeJS.ProcessEnv,
  cleanup: Cleanup,
  { config, settings }: EmbeddedOptions = {},
): Promise<Running> {
  const [port] = await freePorts(1)
  const url = `http://127.0.0.1:${port}`
  // Embedded means that nothing is given: an exported DATABASE_URL is for other work.
  const { DATABASE_URL: _database, REDIS_URL: _redis, ...rest } = environment
  const server = await startProcess({
    name: 'agentview',
    command: process.execPath,
    args: [agentview, 'start', ...(config === undefined ? ['--examples'] : [])],
    env: {
      ...rest,
      PORT: String(port),
      HOST: '127.0.0.1',
      AGENTVIEW_DATA: folder.data,
      ...(config !== undefined && { AGENTVIEW_CONFIG: config }),
      ...settings,
    },
    cwd: repository,
    logs: folder.logs,
  })
  cleanup.defer(() => server.stop())
  await waitUntil(server, async () => (await readCredentials(folder.data)) !== null && (await isReady(url)), READY_MS)
  const credentials = await readCredentials(folder.data)
  if (!credentials) throw new Error('the server took its credentials away')
  return { url, eventsUrl: url, publishableKey: credentials.publishableKey, processes: () => [server] }
}

/** The Postgres that an embedded server runs on its data. */
export async function findEmbeddedPostgres(folder: WorkFolder): Promise<{ pid: number; url: string }> {
  const { data } = await findDataFolder(folder.data, () => undefined)
  const running = await readPostmaster(data)
  if (!running?.port) throw new Error(`no Postgres runs on ${data}`)
  return { pid: running.pid, url: databaseUrl(running.port, await keptPassword(folder.data)) }
}
