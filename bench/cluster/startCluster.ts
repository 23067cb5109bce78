import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Cleanup } from './cleanup.ts'
import { readCredentials } from './credentials.ts'
import { freePorts, isListening, isReady } from './ports.ts'
import { agentview, repository } from './repository.ts'
import type { Running } from './running.ts'
import { startPostgres } from './startPostgres.ts'
import { type StartedProcess, startProcess, waitForSuccess, waitUntil } from './startProcess.ts'
import { startRedis } from './startRedis.ts'
import type { WorkFolder } from './workFolder.ts'

// startCluster
//   ├─ startRedis, startPostgres    given by environment, or started
//   ├─ the replay agent app         its URL goes into a config that is made here
//   ├─ migrate, bootstrap           tables; organization, keys, the published agent
//   └─ api, realtime, N × worker    each a process, ready before we go on

/** AgentView as processes of their own. */
export interface Cluster extends Running {
  readonly workers: number
  /** SIGKILLs worker number `index` and starts it anew; resolves when the new one is ready. */
  restartWorker(index: number): Promise<void>
}

/** What the processes share. */
interface Site {
  folder: WorkFolder
  env: NodeJS.ProcessEnv
  cleanup: Cleanup
}

const READY_MS = 60_000
const WORKER_CONCURRENCY = 32

/** Starts a cluster of real processes on free ports of this machine; all of it ends with `cleanup`. */
export async function startCluster(
  options: { workers: number },
  folder: WorkFolder,
  environment: NodeJS.ProcessEnv,
  cleanup: Cleanup,
): Promise<Cluster> {
  const [agentPort = 0, apiPort = 0, realtimePort = 0, ...workerPorts] = await freePorts(3 + options.workers)
  const redis = await startRedis(folder, environment, cleanup)
  const postgres = await startPostgres(folder, environment, cleanup)
  const config = await writeConfig(await folder.make('config'), `${urlOf(agentPort)}/`)
  const site = { folder, env: siteEnvironment(environment, postgres.url, redis.url, folder.data, config), cleanup }
  const agent = await startAgent(site, agentPort)
  const publishableKey = await prepare(site)
  const [api, realtime, ...workers] = await Promise.all([
    serve(site, 'api', ['api'], apiPort),
    serve(site, 'realtime', ['realtime'], realtimePort),
    ...workerPorts.map((port, index) => serveWorker(site, index, port)),
  ])
  const fixed = [...(redis.process ? [redis.process] : []), agent, api, realtime]
  const addresses = { url: urlOf(apiPort), eventsUrl: urlOf(realtimePort), publishableKey }
  return { ...addresses, ...workersOf(site, fixed, workers, workerPorts) }
}

async function startAgent(site: Site, port: number): Promise<StartedProcess> {
  const agent = await launch(site, 'replay-agent', [path.join(repository, 'examples/replay/dist/main.js')], { port })
  await waitUntil(agent, () => isListening(port), READY_MS)
  return agent
}

/** Makes the tables, the organization with its keys, and publishes the agent; gives the publishable key. */
async function prepare(site: Site): Promise<string> {
  for (const command of ['migrate', 'bootstrap']) {
    await waitForSuccess(await launch(site, command, [agentview, command], {}))
  }
  const credentials = await readCredentials(site.folder.data)
  if (!credentials) throw new Error('agentview bootstrap wrote no credentials')
  return credentials.publishableKey
}

function workersOf(
  site: Site,
  fixed: StartedProcess[],
  started: StartedProcess[],
  ports: number[],
): Pick<Cluster, 'workers' | 'processes' | 'restartWorker'> {
  const workers = new Map(started.entries())
  return {
    workers: started.length,
    processes: () => [...fixed, ...workers.values()],
    restartWorker: async (index) => {
      const [worker, port] = [workers.get(index), ports[index]]
      if (!worker || port === undefined) throw new Error(`worker ${index} does not run`)
      workers.delete(index)
      worker.signal('SIGKILL')
      await worker.ended
      workers.set(index, await serveWorker(site, index, port))
    },
  }
}

function siteEnvironment(
  environment: NodeJS.ProcessEnv,
  databaseUrl: string,
  redisUrl: string,
  data: string,
  config: string,
): NodeJS.ProcessEnv {
  return {
    ...environment,
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    AGENTVIEW_SECRET: environment.AGENTVIEW_SECRET ?? randomBytes(32).toString('hex'),
    AGENTVIEW_DATA: data,
    AGENTVIEW_CONFIG: config,
    HOST: '127.0.0.1',
  }
}

/** A plain object: from a temporary folder there is no `agentview` to import defineConfig from. */
async function writeConfig(folder: string, url: string): Promise<string> {
  const replay = { name: 'replay', title: 'Replay', version: '1.0.0', url, allowUnknownMetadata: true }
  const config = { agents: [{ ...replay, runs: [{ type: 'chat' }] }] }
  const file = path.join(folder, 'agentview.config.ts')
  await writeFile(file, `export default ${JSON.stringify(config, null, 2)}\n`)
  return file
}

function serveWorker(site: Site, index: number, port: number): Promise<StartedProcess> {
  return serve(site, `worker-${index + 1}`, ['worker', '--concurrency', String(WORKER_CONCURRENCY)], port)
}

/** One of AgentView's own processes, ready. */
async function serve(site: Site, name: string, args: string[], port: number): Promise<StartedProcess> {
  const process = await launch(site, name, [agentview, ...args], { port })
  await waitUntil(process, () => isReady(urlOf(port)), READY_MS)
  return process
}

async function launch(site: Site, name: string, args: string[], { port }: { port?: number }): Promise<StartedProcess> {
  const env = { ...site.env, ...(port !== undefined && { PORT: String(port) }) }
  const options = { name, command: process.execPath, args, env, cwd: repository, logs: site.folder.logs }
  const started = await startProcess(options)
  site.cleanup.defer(() => started.stop())
  return started
}

function urlOf(port: number): string {
  return `http://127.0.0.1:${port}`
}
