import type { AgentPlan } from '../cluster/agentPlan.ts'
import type { Cleanup } from '../cluster/cleanup.ts'
import { agentview } from '../cluster/repository.ts'
import { type Cluster, startCluster } from '../cluster/startCluster.ts'
import { startPostgres } from '../cluster/startPostgres.ts'
import { startRedis } from '../cluster/startRedis.ts'
import type { WorkFolder } from '../cluster/workFolder.ts'

/** A cluster on the services that DATABASE_URL and REDIS_URL name, else on new ones. */
export async function startReplayCluster(
  workers: number,
  agent: AgentPlan,
  folder: WorkFolder,
  environment: NodeJS.ProcessEnv,
  cleanup: Cleanup,
): Promise<Cluster> {
  const redisUrl = environment.REDIS_URL || (await startRedis(folder, environment, cleanup)).url
  const databaseUrl = environment.DATABASE_URL || (await startPostgres(folder, cleanup)).url
  const plan = { agentview, workers, realtimes: 1, databaseUrl, redisUrl, agent }
  return startCluster(plan, folder, environment, cleanup)
}
