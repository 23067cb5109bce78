import { type MeasuredCluster, startMeasuredCluster } from '../measuredCluster.ts'
import { type Report, type Scenario, type ScenarioContext, warmUpSecondsOf } from '../scenario.ts'
import { startLoop } from '../throughput/measureLoop.ts'
import { type Alternation, floorReport, roundOf } from './floorReport.ts'
import { startFloor } from './measureFloor.ts'
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

async function measureRatio(context: ScenarioContext): Promise<Report> {
  const { sessions = [SESSIONS], seconds = SECONDS[context.effort], rounds = ROUNDS } = context.asked
  const most = context.asked.rounds ?? ROUNDS + MORE_ROUNDS[context.effort]
  const setting = { seconds, warmUpSeconds: warmUpSecondsOf(context) }
  const [count = SESSIONS] = sessions
  const cluster = withRedis(await startMeasuredCluster(context))
  // Both are kept between their turns, so that neither runs code that was not compiled yet.
  const loop = await startLoop(cluster, count, context)
  const bareLoop = await startFloor(cluster, count, context)
  const alternations: Alternation[] = []
  const wanted = () => alternations.filter((one) => isQuiet(roundOf(one))).length < rounds
  while (wanted() && alternations.length < most) {
    context.say(`round ${alternations.length + 1}: ${seconds} s of each`)
    alternations.push({ ours: await loop.measure(setting), bare: await bareLoop.measure(setting) })
  }
  return floorReport(alternations, { ours: await loop.end(), bare: await bareLoop.end() })
}

function withRedis(cluster: MeasuredCluster): MeasuredCluster & { redisUrl: string } {
  const { redisUrl } = cluster
  if (redisUrl === null) throw new Error('the floor needs Redis')
  return Object.assign(cluster, { redisUrl })
}
