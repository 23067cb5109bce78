import { writeConfig } from '../../cluster/agentPlan.ts'
import { findEmbeddedPostgres, startEmbedded } from '../../cluster/startEmbedded.ts'
import { makeWorkFolder } from '../../cluster/workFolder.ts'
import { HISTORY_ITEMS, type Measured, definitionOf, startMeasuredCluster } from '../measuredCluster.ts'
import { type Report, type Scenario, type ScenarioContext, warmUpSecondsOf } from '../scenario.ts'
import { startLoop } from '../throughput/measureLoop.ts'
import { type Pair, embeddedReport } from './embeddedReport.ts'

/** One process with its own Postgres and no Redis, in alternation with the processes of a cluster. */
export const embedded: Scenario = {
  measures: 'throughput of the embedded start (one process, no Redis) against that of a cluster with Redis',
  run: measureEmbedded,
}

const SESSIONS = 64
const ROUNDS = { full: 5, check: 2 }
const SECONDS = { full: 15, check: 10 }
/** As many runs at once as the cluster's worker has. */
const SETTINGS = { WORKER_CONCURRENCY: '256', LOG_LEVEL: 'warn' }

async function measureEmbedded(context: ScenarioContext): Promise<Report> {
  const { sessions = [SESSIONS], seconds = SECONDS[context.effort], rounds = ROUNDS[context.effort] } = context.asked
  const setting = { seconds, warmUpSeconds: warmUpSecondsOf(context) }
  const [count = SESSIONS] = sessions
  const cluster = await startMeasuredCluster(context)
  const alone = await startMeasuredEmbedded(context, cluster.agent)
  const loops = { cluster: await startLoop(cluster, count, context), embedded: await startLoop(alone, count, context) }
  const pairs: Pair[] = []
  while (pairs.length < rounds) {
    context.say(`round ${pairs.length + 1}: ${seconds} s of each`)
    pairs.push({ cluster: await loops.cluster.measure(setting), embedded: await loops.embedded.measure(setting) })
  }
  return embeddedReport(pairs, [await loops.cluster.end(), await loops.embedded.end()])
}

/** The embedded start as it comes, with the bench's agent app. */
export async function startMeasuredEmbedded(
  { cleanup, environment }: Pick<ScenarioContext, 'cleanup' | 'environment'>,
  agent: { url: string; pid: number },
): Promise<Measured> {
  const folder = await makeWorkFolder(cleanup)
  const config = await writeConfig(
    await folder.make('config'),
    { definitions: [definitionOf(HISTORY_ITEMS)] },
    agent.url,
  )
  const server = await startEmbedded(folder, environment, cleanup, { config, settings: SETTINGS })
  const { pid, url } = await findEmbeddedPostgres(folder)
  const [process] = server.processes()
  return {
    ...server,
    postgres: { url },
    redisUrl: null,
    roots: () => ({ agentview: process!.pid, postgres: pid, agent: agent.pid }),
  }
}
