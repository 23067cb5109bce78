import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { AGENT } from '../agent/script.ts'
import { agentview } from '../cluster/repository.ts'
import { type Cluster, startCluster } from '../cluster/startCluster.ts'
import type { Running } from '../cluster/running.ts'
import { type OwnPostgres, startPostgres } from '../cluster/startPostgres.ts'
import { startRedis } from '../cluster/startRedis.ts'
import { type WorkFolder, makeWorkFolder } from '../cluster/workFolder.ts'
import { tellingArguments } from '../measure/keptMemory.ts'
import { type KeptData, giveCredentials, keepCredentials, versionAt } from './keptData.ts'
import type { ScenarioContext } from './scenario.ts'

/** A widget's agent is not sent years of history: the newest ten turns. */
export const HISTORY_ITEMS = 20

export interface MeasuredPlan {
  workers?: number
  realtimes?: number
  /** Runs at once of each worker. */
  concurrency?: number
  /** Without it the broker runs on Postgres. */
  redis?: boolean
  /** History that the agent app is sent at most. */
  historyItems?: number
  /** Settings of our processes on top of the usual ones. */
  settings?: Readonly<Record<string, string>>
  /** The data of an earlier call; without it all is new. */
  kept?: KeptData
  /** AgentView's processes can be asked what memory they keep. */
  tellsMemory?: boolean
}

/** An AgentView that is measured, in one process or in many. */
export interface Measured extends Running {
  readonly postgres: { readonly url: string }
  readonly redisUrl: string | null
  /** The roots of all trees of processes: ours, Postgres, Redis and the agent app, by name. */
  roots(): Record<string, number>
}

/** Everything that is measured, each a process of its own. */
export interface MeasuredCluster extends Cluster, Measured {
  readonly postgres: OwnPostgres
  /** Where a process tells what memory it keeps; when the cluster was started so. */
  memoryFile(name: string): string
  readonly folder: WorkFolder
}

/** As Postgres comes, on a machine that is its own; fsync, synchronous_commit and full_page_writes stay on. */
const POSTGRES_SETTINGS = {
  shared_buffers: '512MB',
  wal_buffers: '16MB',
  wal_level: 'replica',
  max_wal_size: '2GB',
  autovacuum_max_workers: '2',
}

/** For profiles: costs a few per cent. */
const TRACKED = { track_functions: 'all' }

/** Postgres, Redis, the agent app and our processes on free ports; all of it ends with the scenario. */
export async function startMeasuredCluster(
  context: Pick<ScenarioContext, 'cleanup' | 'environment' | 'asked'>,
  plan: MeasuredPlan = {},
): Promise<MeasuredCluster> {
  const { cleanup, environment, asked } = context
  const folder = await makeWorkFolder(cleanup)
  const [postgres, redis] = await Promise.all([
    startPostgres(folder, cleanup, {
      settings: { ...POSTGRES_SETTINGS, ...(asked.profiles !== undefined && TRACKED) },
      ...(plan.kept && { kept: plan.kept.postgres }),
    }),
    plan.redis === false ? null : startRedis(folder, environment, cleanup),
  ])
  if (plan.kept) await giveCredentials(plan.kept, folder.data)
  if (asked.profiles !== undefined) await mkdir(asked.profiles, { recursive: true })
  const told = await folder.make('memory')
  const memoryFile = (name: string) => path.join(told, name)
  const cluster = await startCluster(
    {
      agentview,
      workers: plan.workers ?? 1,
      realtimes: plan.realtimes ?? 1,
      concurrency: plan.concurrency ?? 256,
      databaseUrl: postgres.url,
      redisUrl: redis?.url ?? null,
      agent: {
        program: 'bench/dist/agent/main.js',
        definitions: [definitionOf(plan.historyItems ?? HISTORY_ITEMS, plan.kept && versionAt(Date.now()))],
      },
      settings: { LOG_LEVEL: 'warn', ...plan.settings },
      nodeArguments: (name) => [
        ...(plan.tellsMemory ? tellingArguments(memoryFile(name)) : []),
        ...profileArguments(asked.profiles, name),
      ],
    },
    folder,
    { ...environment, ...(plan.kept && { AGENTVIEW_SECRET: plan.kept.secret }) },
    cleanup,
  )
  if (plan.kept) await keepCredentials(plan.kept, folder.data)
  const roots = () => ({
    ...Object.fromEntries(cluster.members.filter(({ running }) => running).map(({ name, pid }) => [name, pid])),
    postgres: postgres.pid,
    ...(redis && { redis: redis.pid }),
  })
  return Object.assign(cluster, { postgres, redisUrl: redis?.url ?? null, folder, roots, memoryFile })
}

/** How the agent app is published. */
export function definitionOf(maxItems: number, version = '1.0.0') {
  return {
    name: AGENT,
    title: 'Bench',
    version,
    allowUnknownMetadata: true,
    policy: { history: { maxItems } },
    runs: [{ type: 'chat' }],
  }
}

/** Node writes the profile when the process ends in order. */
export function profileArguments(folder: string | undefined, name: string): string[] {
  if (folder === undefined) return []
  return ['--cpu-prof', `--cpu-prof-dir=${path.resolve(folder)}`, `--cpu-prof-name=${name}.cpuprofile`]
}
