import { StepStack } from '../../cluster/cleanup.ts'
import { startPoster } from '../../load/postMessages.ts'
import { prepareTalks } from '../../load/prepareTalks.ts'
import { Talker } from '../../load/talker.ts'
import { HISTORY_ITEMS, type MeasuredCluster, startMeasuredCluster } from '../measuredCluster.ts'
import type { Report, Scenario, ScenarioContext } from '../scenario.ts'
import { type LongResult, type TalkedSession, longReport } from './longReport.ts'

// measureLong, once with a short history for the agent app and once with all of it
//   ├─ warm up       another session: processes that have just started are slow
//   ├─ short         sessions of ten turns
//   ├─ long          one of very many
//   └─ short         again, so that what the machine did meanwhile is in both

/** One session that goes on and on. */
export const long: Scenario = {
  measures: 'the latency of a run by the number of its turn, in a session of 500 turns',
  run: measureLong,
}

const TURNS = 500
const SHORT_TURNS = 10
const SHORT_SESSIONS = 5
const WARM_UP_TURNS = 200
/** As many as the session has. */
const ALL_ITEMS = 1_000

async function measureLong(context: ScenarioContext): Promise<Report> {
  const turns = context.asked.sessions?.[0] ?? TURNS
  const results: LongResult[] = []
  for (const historyItems of [HISTORY_ITEMS, ALL_ITEMS]) {
    context.say(`${turns} turns, ${historyItems} items of history at most`)
    results.push(await measureSession(turns, historyItems, context))
  }
  return longReport(results)
}

async function measureSession(turns: number, historyItems: number, context: ScenarioContext): Promise<LongResult> {
  const own = new StepStack()
  context.cleanup.defer(() => own.unwind())
  try {
    const cluster = await startMeasuredCluster({ ...context, cleanup: own }, { historyItems })
    await talk(cluster, 'warm', WARM_UP_TURNS)
    const short = await talkShortly(cluster, 'before')
    const whole = await talk(cluster, 'long', turns)
    short.push(...(await talkShortly(cluster, 'after')))
    return { historyItems, long: whole, short }
  } finally {
    await own.unwind()
  }
}

async function talkShortly(cluster: MeasuredCluster, name: string): Promise<TalkedSession[]> {
  const sessions: TalkedSession[] = []
  while (sessions.length < SHORT_SESSIONS) {
    sessions.push(await talk(cluster, `${name}-${sessions.length}`, SHORT_TURNS))
  }
  return sessions
}

/** One new session; the latency of each of its turns, and what was wrong. */
async function talk(cluster: MeasuredCluster, name: string, turns: number): Promise<TalkedSession> {
  const [one] = await prepareTalks(cluster, 1, name)
  const poster = startPoster(cluster.url, 1)
  const talker = new Talker(one!, poster)
  await talker.connect(cluster.eventsUrl)
  const latencies: number[] = []
  while (latencies.length < turns) {
    const turn = await talker.turn()
    if (!turn) break
    latencies.push(turn.endedAt - turn.sentAt)
  }
  talker.verify()
  talker.check.expectNoMore()
  talker.close()
  await poster.close()
  const missing = latencies.length < turns ? [`${latencies.length} of ${turns} turns`] : []
  return { latencies, broken: [...missing, ...talker.errors, ...talker.check.faults] }
}
