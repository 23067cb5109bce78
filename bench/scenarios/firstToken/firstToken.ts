import { PLAIN } from '../../agent/script.ts'
import { randomNumbers } from '../../faults/arena/randomNumbers.ts'
import { evenArrivals, poissonArrivals } from '../../load/arrivals.ts'
import { type MeasuredCluster, startMeasuredCluster } from '../measuredCluster.ts'
import { type TimedPlay, playTimed } from '../playTimed.ts'
import { type Report, type Scenario, type ScenarioContext, warmUpSecondsOf } from '../scenario.ts'
import { runsPerSecond } from '../throughput/runCost.ts'
import { measureLoop } from '../throughput/measureLoop.ts'
import { type PlayedLoad, firstTokenReport } from './firstTokenReport.ts'

// measureFirstToken
//   ├─ capacityOf    what a closed loop of 64 sessions reaches for a few seconds
//   ├─ one user      a message every 200 ms; also of an answer that takes its time
//   └─ 30 %, 70 %    messages when they are due, however the ones before do

/** From when a message was to be sent to the first text at the reader's socket. */
export const firstToken: Scenario = {
  measures: 'from the moment in which a message is to be sent to its first text at the client, in an open loop',
  run: measureFirstToken,
}

const SECONDS = { full: 30, check: 15 }
const CAPACITY_SESSIONS = 64
const CAPACITY_SECONDS = 6
const LOADS = [30, 70]
/** Enough that one is seldom still busy when its turn comes. */
const SESSIONS = 512
const ONE_USER_EVERY_MS = 200
/** An answer that streams: what its first text costs is then not spent together with its end. */
const PACED = { ...PLAIN, everyMs: 10 }

async function measureFirstToken(context: ScenarioContext): Promise<Report> {
  const { seconds = SECONDS[context.effort], sessions: [sessions = SESSIONS] = [] } = context.asked
  const cluster = await startMeasuredCluster(context)
  const window = { seconds: Math.min(seconds, CAPACITY_SECONDS), warmUpSeconds: warmUpSecondsOf(context) }
  const capacity = runsPerSecond(await measureLoop(cluster, CAPACITY_SESSIONS, window, context))
  context.say(`capacity: ${Math.round(capacity)} runs/s`)
  const one = evenArrivals((seconds * 1_000) / ONE_USER_EVERY_MS, ONE_USER_EVERY_MS)
  const plays: (Omit<TimedPlay, 'name'> & { load: string })[] = [
    { load: 'one user', sessions: 1, script: PLAIN, arrivals: one },
    { load: 'one user, streamed', sessions: 1, script: PACED, arrivals: one },
    ...LOADS.map((percent) => ({
      load: `${percent} %`,
      sessions,
      script: PLAIN,
      arrivals: poissonArrivals((capacity * percent) / 100, seconds, randomNumbers(percent)),
    })),
  ]
  const played: PlayedLoad[] = []
  for (const [index, { load, ...play }] of plays.entries()) {
    context.say(`${load}: ${seconds} s`)
    played.push({ load, result: await playOne(cluster, { ...play, name: `first-${index}` }, context) })
  }
  return firstTokenReport(capacity, played)
}

async function playOne(cluster: MeasuredCluster, play: TimedPlay, context: ScenarioContext) {
  return (await playTimed(cluster, play, context, () => Promise.resolve())).result
}
