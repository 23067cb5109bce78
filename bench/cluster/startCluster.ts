import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { type AgentPlan, writeConfig } from './agentPlan.ts'
import type { Cleanup } from './cleanup.ts'
import { type Credentials, readCredentials } from './credentials.ts'
import { Member } from './member.ts'
import { freePorts, isListening, isReady } from './ports.ts'
import { repository } from './repository.ts'
import type { Running } from './running.ts'
import { type StartedProcess, startProcess, waitForSuccess } from './startProcess.ts'
import { WITHOUT_LIMITS } from './withoutLimits.ts'
import type { WorkFolder } from './workFolder.ts'

// startCluster
//   ├─ migrate, bootstrap           tables; organization, keys, the agents of a config that is made here
//   ├─ the agent app                with the organization's signing secret
//   └─ api, N × realtime, N × worker   each a process, ready before we go on

export interface ClusterPlan {
  /** The program of AgentView's command line. */
  agentview: string
  workers: number
  /** Runs at once of each worker. */
  concurrency?: number
  realtimes: number
  databaseUrl: string
  /** Null: the broker runs on Postgres. */
  redisUrl: string | null
  agent: AgentPlan
  /** Arguments of Node for our own processes by the name of the process, such as `--cpu-prof`. */
  nodeArguments?: (name: string) => readonly string[]
  /** Settings of AgentView's processes on top of the usual ones. */
  settings?: Readonly<Record<string, string>>
  /** The address by which `from` shall reach `to`: a proxy's, where one stands between them. */
  route?: (from: string, to: Service, url: string) => Promise<string>
}

/** What a process of AgentView calls. */
export type Service = 'postgres' | 'redis' | 'agent'

/** AgentView as processes of their own. */
export interface Cluster extends Running {
  readonly workers: readonly Member[]
  readonly realtimes: readonly Member[]
  readonly api: Member
  readonly agent: Member
  /** For routes that are not an end user's. */
  readonly secretKey: string
  readonly members: readonly Member[]
}

/** What the processes share. */
interface Site {
  plan: ClusterPlan
  folder: WorkFolder
  env: NodeJS.ProcessEnv
  cleanup: Cleanup
}

const WORKER_CONCURRENCY = 32

/** Starts a cluster of real processes on free ports of this machine; all of it ends with `cleanup`. */
export async function startCluster(
  plan: ClusterPlan,
  folder: WorkFolder,
  environment: NodeJS.ProcessEnv,
  cleanup: Cleanup,
): Promise<Cluster> {
  const [agentPort = 0, apiPort = 0, ...ports] = await freePorts(2 + plan.realtimes + plan.workers)
  const agentUrl = await routed(plan, 'workers', 'agent', urlOf(agentPort))
  const { concurrency = WORKER_CONCURRENCY } = plan
  const config = await writeConfig(await folder.make('config'), plan.agent, agentUrl)
  const site = { plan, folder, env: siteEnvironment(environment, plan, folder.data, config), cleanup }
  const { publishableKey, secretKey, agentSigningSecret } = await prepare(site)
  const agent = agentMember(site, agentPort, agentSigningSecret)
  await agent.start()
  const api = member(site, 'api', ['api'], apiPort)
  const realtimes = ports
    .slice(0, plan.realtimes)
    .map((port, index) => member(site, `realtime-${index + 1}`, ['realtime'], port))
  const workers = ports.slice(plan.realtimes).map((port, index) => {
    return member(site, `worker-${index + 1}`, ['worker', '--concurrency', String(concurrency)], port)
  })
  await Promise.all([api, ...realtimes, ...workers].map((one) => one.start()))
  const members = [agent, api, ...realtimes, ...workers]
  return {
    url: api.url,
    eventsUrl: realtimes[0]!.url,
    publishableKey,
    secretKey,
    agent,
    api,
    realtimes,
    workers,
    members,
    processes: () => members.filter(({ shouldRun }) => shouldRun).map(({ process }) => process),
  }
}

async function routed({ route }: ClusterPlan, from: string, to: Service, url: string): Promise<string> {
  return route ? route(from, to, url) : url
}

function agentMember(site: Site, port: number, signingSecret: string): Member {
  const { command, program } = site.plan.agent
  const args = [path.join(repository, program)]
  const env = { PORT: String(port), AGENTVIEW_SIGNING_SECRET: signingSecret }
  const agent = new Member({
    name: 'agent',
    url: urlOf(port),
    launch: () => launch(site, 'agent', args, env, command),
    isReady: () => isListening(port),
  })
  site.cleanup.defer(() => agent.stop())
  return agent
}

/** Makes the tables, the organization with its keys, and publishes the agents; gives the keys. */
async function prepare(site: Site): Promise<Credentials> {
  for (const command of ['migrate', 'bootstrap']) {
    await waitForSuccess(await launch(site, command, [site.plan.agentview, command], {}))
  }
  const credentials = await readCredentials(site.folder.data)
  if (!credentials) throw new Error('agentview bootstrap wrote no credentials')
  return credentials
}

function siteEnvironment(
  environment: NodeJS.ProcessEnv,
  { databaseUrl, redisUrl, settings }: ClusterPlan,
  data: string,
  config: string,
): NodeJS.ProcessEnv {
  return {
    ...WITHOUT_LIMITS,
    ...environment,
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl ?? '',
    AGENTVIEW_SECRET: environment.AGENTVIEW_SECRET ?? randomBytes(32).toString('hex'),
    AGENTVIEW_DATA: data,
    AGENTVIEW_CONFIG: config,
    HOST: '127.0.0.1',
    // Where its agent app is, and what receives its webhooks.
    AGENTVIEW_ALLOW_HOSTS: '127.0.0.0/8',
    ...settings,
  }
}

/** One of AgentView's own processes; it reaches Postgres and Redis by routes of its own. */
function member(site: Site, name: string, args: string[], port: number): Member {
  const one = new Member({
    name,
    url: urlOf(port),
    launch: async (environment) => {
      const { plan } = site
      const databaseUrl = await routed(plan, name, 'postgres', plan.databaseUrl)
      const redisUrl = plan.redisUrl === null ? '' : await routed(plan, name, 'redis', plan.redisUrl)
      const env = { PORT: String(port), DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, ...environment }
      return launch(site, name, [...(plan.nodeArguments?.(name) ?? []), plan.agentview, ...args], env)
    },
    isReady: () => isReady(urlOf(port)),
  })
  site.cleanup.defer(() => one.stop())
  return one
}

function launch(
  site: Site,
  name: string,
  args: string[],
  more: Readonly<Record<string, string>>,
  command = process.execPath,
): Promise<StartedProcess> {
  const env = { ...site.env, ...more }
  return startProcess({ name, command, args, env, cwd: repository, logs: site.folder.logs })
}

function urlOf(port: number): string {
  return `http://127.0.0.1:${port}`
}
