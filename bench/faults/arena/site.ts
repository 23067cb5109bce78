import { Redis } from 'ioredis'
import { tunables } from '@shared/domain/tunables'
import type { Cleanup } from '../../cluster/cleanup.ts'
import type { Member } from '../../cluster/member.ts'
import { isReady } from '../../cluster/ports.ts'
import { type Cluster, startCluster } from '../../cluster/startCluster.ts'
import { type OwnPostgres, startPostgres } from '../../cluster/startPostgres.ts'
import { startRedis } from '../../cluster/startRedis.ts'
import { waitUntil } from '../../cluster/startProcess.ts'
import type { WorkFolder } from '../../cluster/workFolder.ts'
import { Failpoints } from './failpoints.ts'
import { Links } from './links.ts'

export type Broker = 'redis' | 'postgres'

export interface SiteOptions {
  /** The program of AgentView's command line. */
  agentview: string
  broker: Broker
  /** Null: the product's default. */
  leaseMs: number | null
}

/** The agent of every strike. Quick to retry, and patient enough for what is not about the agent app. */
export const AGENT = {
  name: 'scripted',
  version: '1.0.0',
  policy: {
    timeouts: { connectMs: 2_000, idleMs: 5_000, totalMs: 60_000 },
    retries: { max: 5, backoffMs: 100, factor: 2, maxBackoffMs: 1_000, jitter: 0.5 },
  },
  runs: [{ type: 'chat' }],
}

/** One with so little patience that a strike can wait for it to be over; its bystanders must be brief. */
export const HASTY = {
  ...AGENT,
  name: 'hasty',
  policy: {
    timeouts: { connectMs: 2_000, idleMs: 1_500, totalMs: 6_000 },
    retries: { max: 3, backoffMs: 100, factor: 2, maxBackoffMs: 500, jitter: 0.5 },
  },
}

/** What a stopping worker waits for its runs: shorter in proportion where leases are. */
export function drainOf(leaseMs: number): number {
  return (leaseMs * tunables.drain) / tunables.lease
}

const READY_MS = 30_000
/** A pool for each of five processes of each lane. */
const POOL = '10'

/** One lane's ground: a whole cluster of its own, every piece of which can be struck by name. */
export class Site {
  readonly broker: Broker
  readonly cluster: Cluster
  readonly postgres: OwnPostgres
  readonly failpoints: Failpoints
  readonly links: Links
  /** Addresses for clients, by way of their own links. */
  readonly apiUrl: string
  readonly eventsUrls: readonly string[]
  readonly #redis: Member | null

  constructor(parts: {
    broker: Broker
    cluster: Cluster
    postgres: OwnPostgres
    redis: Member | null
    failpoints: Failpoints
    links: Links
    apiUrl: string
    eventsUrls: readonly string[]
  }) {
    this.broker = parts.broker
    this.cluster = parts.cluster
    this.postgres = parts.postgres
    this.#redis = parts.redis
    this.failpoints = parts.failpoints
    this.links = parts.links
    this.apiUrl = parts.apiUrl
    this.eventsUrls = parts.eventsUrls
  }

  /** Only with the broker redis. */
  get redis(): Member {
    if (!this.#redis) throw new Error('this strike is on Postgres alone: there is no Redis')
    return this.#redis
  }

  /** The process that a failpoint struck, when it is one of the cluster's own; null: a child that a worker has started. */
  findMember(pid: number): Member | null {
    return this.cluster.members.find((member) => member.pid === pid) ?? null
  }

  memberOf(pid: number): Member {
    const found = this.findMember(pid)
    if (!found) throw new Error(`no member has the pid ${pid}`)
    return found
  }

  /** The worker that has the right to reconcile; null while none has. */
  async reconcilerLeader(): Promise<Member | null> {
    const holders = await this.postgres.query<{ port: number }>(
      `select a.client_port as port from pg_locks l join pg_stat_activity a using (pid)
        where l.locktype = 'advisory' and l.granted and a.application_name = 'agentview reconciler'`,
    )
    const isFrom = ({ name }: Member) => {
      const ports = this.links.between(name, 'postgres').outgoingPorts()
      return holders.some(({ port }) => ports.includes(port))
    }
    return this.cluster.workers.find(isFrom) ?? null
  }

  /** Asks Redis itself, by no proxy: `await site.redisCommand('FLUSHALL')`. */
  async redisCommand(command: string, ...args: string[]): Promise<unknown> {
    const client = new Redis(this.redis.url, { lazyConnect: true, maxRetriesPerRequest: 0 })
    client.on('error', () => undefined)
    try {
      await client.connect()
      return await client.call(command, ...args)
    } finally {
      client.disconnect()
    }
  }

  /** Everything runs and is well again. Gives who had ended by himself, which nobody may. */
  async heal(): Promise<string[]> {
    await this.failpoints.clear()
    this.links.heal()
    const crashed = this.cluster.members.filter(hasCrashed).map(({ name, process }) => `${name} ended (${process.end})`)
    if (this.#redis) await revive(this.#redis)
    await this.postgres.start()
    await Promise.all(this.cluster.members.map(revive))
    const served = this.cluster.members.filter(({ name }) => name !== 'agent')
    await Promise.all(served.map(({ process, url }) => waitUntil(process, () => isReady(url), READY_MS)))
    return crashed
  }
}

function hasCrashed({ shouldRun, running, process }: Member): boolean {
  return shouldRun && !running && process.end !== 'SIGKILL'
}

async function revive(member: Member): Promise<void> {
  // Stopped by a failpoint it doesn't say so.
  member.thaw()
  if (!member.running) await member.start()
}

export async function startSite(
  options: SiteOptions,
  folder: WorkFolder,
  environment: NodeJS.ProcessEnv,
  cleanup: Cleanup,
): Promise<Site> {
  const { agentview, broker, leaseMs } = options
  const links = new Links(cleanup)
  const failpoints = new Failpoints(await folder.make('failpoints'))
  const redis = broker === 'redis' ? await startRedis(folder, environment, cleanup) : null
  const postgres = await startPostgres(folder, cleanup)
  const settings = {
    AGENTVIEW_FAILPOINTS: failpoints.folder,
    AGENTVIEW_POOL: POOL,
    ...(leaseMs !== null && {
      AGENTVIEW_LEASE_MS: String(leaseMs),
      AGENTVIEW_DRAIN_MS: String(drainOf(leaseMs)),
    }),
  }
  const plan = {
    agentview,
    workers: 2,
    realtimes: 2,
    databaseUrl: postgres.url,
    redisUrl: redis?.url ?? null,
    agent: { program: 'bench/dist/faults/agent/main.js', definitions: [AGENT, HASTY] },
    settings,
    route: (from: string, to: string, url: string) => links.route(from, to, url),
  }
  const cluster = await startCluster(plan, folder, environment, cleanup)
  // Nothing here is worth ending in order; each would first wait for its runs.
  cleanup.defer(async () => void (await Promise.all(cluster.members.map((member) => member.kill()))))
  const apiUrl = await links.route('clients', 'api', cluster.api.url)
  const eventsUrls: string[] = []
  for (const { name, url } of cluster.realtimes) eventsUrls.push(await links.route('clients', name, url))
  return new Site({ broker, cluster, postgres, redis, failpoints, links, apiUrl, eventsUrls })
}
