import type { Cleanup } from './cleanup.ts'
import { readCredentials } from './credentials.ts'
import { freePorts, isReady } from './ports.ts'
import { agentview, repository } from './repository.ts'
import type { Running } from './running.ts'
import { startProcess, waitUntil } from './startProcess.ts'
import type { WorkFolder } from './workFolder.ts'

/** The first start makes a database (initdb), and as root it copies Postgres' programs. */
const READY_MS = 180_000

/** Starts what `npm start` starts, on a free port and with new data: one process with all of AgentView and the examples. */
export async function startEmbedded(
  folder: WorkFolder,
  environment: NodeJS.ProcessEnv,
  cleanup: Cleanup,
): Promise<Running> {
  const [port] = await freePorts(1)
  const url = `http://127.0.0.1:${port}`
  // Embedded means that nothing is given: an exported DATABASE_URL is for other work.
  const { DATABASE_URL: _database, REDIS_URL: _redis, ...rest } = environment
  const server = await startProcess({
    name: 'agentview',
    command: process.execPath,
    args: [agentview, 'start', '--examples'],
    env: { ...rest, PORT: String(port), HOST: '127.0.0.1', AGENTVIEW_DATA: folder.data },
    cwd: repository,
    logs: folder.logs,
  })
  cleanup.defer(() => server.stop())
  await waitUntil(server, async () => (await readCredentials(folder.data)) !== null && (await isReady(url)), READY_MS)
  const credentials = await readCredentials(folder.data)
  if (!credentials) throw new Error('the server took its credentials away')
  return { url, eventsUrl: url, publishableKey: credentials.publishableKey, processes: () => [server] }
}
