import { type MeasuredCluster, startMeasuredCluster } from '../measuredCluster.ts'
import type { Report, Scenario, ScenarioContext } from '../scenario.ts'
import { measureLoop } from '../throughput/measureLoop.ts'
import { type Alternation, floorReport, roundOf } from './floorReport.ts'
import { createFloorDatabase, measureFloor } from './measureFloor.ts'
import { isQuiet } from '../ratio.ts'

/** AgentView and the bare cost of the same work in alternation, so that both see the same machine. */
export const floor: Scenario = {
  measures: 'runs a second against the bare sequence (SQL, BullMQ, one call) in one process, in alternation',
  run: measureRatio,
}

const SESSIONS = 64
const ROUNDS = 5
/** A round that others have disturbed is made up for, so often, unless rounds are asked for. */
const MORE_ROUNDS = { full: 5, check: 1 }
const SECONDS = { full: 15, check: 10 }
const WARM_UP_SECONDS = 4

async function measureRatio(context: ScenarioContext): Promise<Report> {
  const { sessions = [SESSIONS], seconds = SECONDS[context.effort], rounds = ROUNDS } = context.asked
  const most = context.asked.rounds ?? ROUNDS + MORE_ROUNDS[context.effort]
  const setting = { sessions: sessions[0] ?? SESSIONS, seconds, warmUpSeconds: WARM_UP_SECONDS }
  const cluster = withRedis(await startMeasuredCluster(context))
  const database = await createFloorDatabase(cluster)
  const alternations: Alternation[] = []
  const wanted = () => alternations.filter((one) => isQuiet(roundOf(one))).length < rounds
  while (wanted() && alternations.length < most) {
    context.say(`round ${alternations.length + 1}: ${seconds} s of each`)
    const ours = await measureLoop(cluster, setting, context)
    const bare = await measureFloor(cluster, database, setting, context)
    alternations.push({ ours, bare })
  }
  return floorReport(alternations)
}

function withRedis(cluster: MeasuredCluster): MeasuredCluster & { redisUrl: string } {
  const { redisUrl } = cluster
  if (redisUrl === null) throw new Error('the floor needs Redis')
  return Object.assign(cluster, { redisUrl })
}
