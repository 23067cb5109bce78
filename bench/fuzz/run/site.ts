import { randomBytes } from 'node:crypto'
import { type Database, createPool } from '@shared/store/pool'
import type { Cleanup } from '../../cluster/cleanup.ts'
import { agentview } from '../../cluster/repository.ts'
import { type Cluster, startCluster } from '../../cluster/startCluster.ts'
import { startPostgres } from '../../cluster/startPostgres.ts'
import { startRedis } from '../../cluster/startRedis.ts'
import { makeWorkFolder } from '../../cluster/workFolder.ts'

/** What is fuzzed: a whole AgentView of its own, as processes, with an agent app that does what inputs ask. */
export interface Site {
  cluster: Cluster
  apiUrl: string
  eventsUrl: string
  agentUrl: string
  /** AGENTVIEW_SECRET of all its processes. */
  secret: string
  db: Database
}

export async function startSite(broker: 'redis' | 'postgres', cleanup: Cleanup): Promise<Site> {
  const folder = await makeWorkFolder(cleanup)
  const secret = randomBytes(32).toString('hex')
  const environment = { ...process.env, AGENTVIEW_SECRET: secret, LOG_LEVEL: 'error' }
  const redis = broker === 'redis' ? await startRedis(folder, environment, cleanup) : null
  const postgres = await startPostgres(folder, cleanup)
  const agent = { program: 'bench/dist/fuzz/agent/main.js', definitions: [PLAIN] }
  const plan = { agentview, workers: 1, realtimes: 1, databaseUrl: postgres.url, redisUrl: redis?.url ?? null, agent }
  const cluster = await startCluster(plan, folder, environment, cleanup)
  const db = createPool({ url: postgres.url, name: 'fuzz', max: 4, onError: () => undefined })
  cleanup.defer(() => db.end())
  return { cluster, apiUrl: cluster.url, eventsUrl: cluster.eventsUrl, agentUrl: cluster.agent.url, secret, db }
}

/** Of the organization that a first start makes; each world makes its own beside it. */
const PLAIN = { name: 'plain', version: '1.0.0', runs: [{ type: 'chat' }] }
