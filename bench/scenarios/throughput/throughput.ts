import { writeFunctionTimes } from '../../measure/functionTimes.ts'
import { startMeasuredCluster } from '../measuredCluster.ts'
import { type Report, type Scenario, type ScenarioContext, warmUpSecondsOf } from '../scenario.ts'
import { type LoopResult, measureLoop } from './measureLoop.ts'
import { throughputReport } from './throughputReport.ts'

/** C sessions, each of which sends its next message when the last one is answered. */
export const throughput: Scenario = {
  measures: 'runs a second and what a run costs, with C sessions that send their next message when one is answered',
  run: measureThroughput,
}

const SESSIONS = [1, 16, 64, 256]
const SECONDS = { full: 20, check: 10 }

async function measureThroughput(context: ScenarioContext): Promise<Report> {
  const { sessions = SESSIONS, seconds = SECONDS[context.effort], profiles } = context.asked
  const cluster = await startMeasuredCluster(context)
  const setting = { seconds, warmUpSeconds: warmUpSecondsOf(context) }
  const results: LoopResult[] = []
  for (const count of sessions) {
    context.say(`C=${count}: ${seconds} s`)
    results.push(await measureLoop(cluster, count, setting, context))
  }
  if (profiles !== undefined) await writeFunctionTimes(cluster.postgres.url, profiles)
  return throughputReport(results)
}
