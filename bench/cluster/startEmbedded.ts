import path from 'node:path'
import { findDataFolder } from 'agentview/embedded/dataFolder'
import { databaseUrl } from 'agentview/embedded/database'
import { keptPassword } from 'agentview/embedded/initialise'
import { readPostmaster } from 'agentview/embedded/postmaster'
import { type AgentPlan, writeConfig } from './agentPlan.ts'
import type { Cleanup } from './cleanup.ts'
import { type Credentials, readCredentials } from './credentials.ts'
import { freePorts, isListening, isReady } from './ports.ts'
import { agentview, repository } from './repository.ts'
import type { Running } from './running.ts'
import { type StartedProcess, startProcess, waitUntil } from './startProcess.ts'
import { WITHOUT_LIMITS } from './withoutLimits.ts'
import type { WorkFolder } from './workFolder.ts'

/** The first start makes a database (initdb), and as root it copies Postgres' programs. */
const READY_MS = 180_000

export interface EmbeddedOptions {
  /** A config file instead of the example agents. */
  config?: string
  /** Settings on top of the usual ones. */
  settings?: Readonly<Record<string, string>>
}

/** What all that is started here shares. */
interface Site {
  folder: WorkFolder
  env: NodeJS.ProcessEnv
  cleanup: Cleanup
}

/** Starts what `npm start` starts, on a free port and with new data: one process with all of AgentView and the examples. */
export async function startEmbedded(
  folder: WorkFolder,
  environment: NodeJS.ProcessEnv,
  cleanup: Cleanup,
  { config, settings }: EmbeddedOptions = {},
): Promise<Running> {
  const site = siteOf(folder, environment, cleanup)
  const flags = config === undefined ? ['--examples'] : []
  const more = { ...(config !== undefined && { AGENTVIEW_CONFIG: config }), ...settings }
  const { server, url, credentials } = await startServer(site, flags, more)
  return running(url, credentials, [server])
}

/** The same with an agent app of its own instead of the examples. */
export async function startEmbeddedWith(
  agent: AgentPlan,
  folder: WorkFolder,
  environment: NodeJS.ProcessEnv,
  cleanup: Cleanup,
): Promise<Running> {
  const site = siteOf(folder, environment, cleanup)
  const [port = 0] = await freePorts(1)
  const config = await writeConfig(await folder.make('config'), agent, `http://127.0.0.1:${port}`)
  const { server, url, credentials } = await startServer(site, [], { AGENTVIEW_CONFIG: config })
  const app = await startProcess({
    name: 'agent',
    command: agent.command ?? process.execPath,
    args: [path.join(repository, agent.program)],
    env: { ...site.env, PORT: String(port), AGENTVIEW_SIGNING_SECRET: credentials.agentSigningSecret },
    cwd: repository,
    logs: folder.logs,
  })
  cleanup.defer(() => app.stop())
  await waitUntil(app, () => isListening(port), READY_MS)
  return running(url, credentials, [server, app])
}

/** Embedded means that nothing is given: an exported DATABASE_URL is for other work. */
function siteOf(folder: WorkFolder, environment: NodeJS.ProcessEnv, cleanup: Cleanup): Site {
  const { DATABASE_URL: _database, REDIS_URL: _redis, ...rest } = environment
  return { folder, env: { ...WITHOUT_LIMITS, ...rest, HOST: '127.0.0.1', AGENTVIEW_DATA: folder.data }, cleanup }
}

async function startServer(
  { folder, env, cleanup }: Site,
  flags: string[],
  more: Readonly<Record<string, string>>,
): Promise<{ server: StartedProcess; url: string; credentials: Credentials }> {
  const [port] = await freePorts(1)
  const url = `http://127.0.0.1:${port}`
  const server = await startProcess({
    name: 'agentview',
    command: process.execPath,
    args: [agentview, 'start', ...flags],
    env: { ...env, PORT: String(port), ...more },
    cwd: repository,
    logs: folder.logs,
  })
  cleanup.defer(() => server.stop())
  await waitUntil(server, async () => (await readCredentials(folder.data)) !== null && (await isReady(url)), READY_MS)
  const credentials = await readCredentials(folder.data)
  if (!credentials) throw new Error('the server took its credentials away')
  return { server, url, credentials }
}

function running(url: string, { publishableKey }: Credentials, processes: StartedProcess[]): Running {
  return { url, eventsUrl: url, publishableKey, processes: () => processes }
}

/** The Postgres that an embedded server runs on its data. */
export async function findEmbeddedPostgres(folder: WorkFolder): Promise<{ pid: number; url: string }> {
  const { data } = await findDataFolder(folder.data, () => undefined)
  const running = await readPostmaster(data)
  if (!running?.port) throw new Error(`no Postgres runs on ${data}`)
  return { pid: running.pid, url: databaseUrl(running.port, await keptPassword(folder.data)) }
}
