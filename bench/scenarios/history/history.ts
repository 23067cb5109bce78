import { startMeasuredCluster } from '../measuredCluster.ts'
import { isQuiet } from '../ratio.ts'
import { type Report, type Scenario, type ScenarioContext, warmUpSecondsOf } from '../scenario.ts'
import { type Loop, startLoop } from '../throughput/measureLoop.ts'
import { openFinished } from './finishedData.ts'
import { type HistoryRound, historyReport, roundOf } from './historyReport.ts'
import { measureGrowth } from './memoryGrowth.ts'
import { measureLists } from './sessionLists.ts'

// measureHistory
//   ├─ openFinished     a database in which very many runs have finished; seeded once, kept
//   ├─ rounds           throughput on it and on an empty one, in alternation
//   ├─ measureLists     the list of sessions on it
//   └─ measureGrowth    one long load on it, and how the memory of each process went

/** What years of use cost: throughput, lists and memory beside millions of sessions. */
export const history: Scenario = {
  measures: 'throughput, lists of sessions and memory beside 1,000,000 sessions, 5,000,000 runs and 10,000,000 items',
  run: measureHistory,
}

const RUNS = 5_000_000
const SESSIONS = 64
const ROUNDS = { full: 5, check: 3 }
/** A round that others have disturbed is made up for, so often. */
const MORE_ROUNDS = { full: 5, check: 1 }
const SECONDS = { full: 15, check: 8 }
const PAGES = { full: 200, check: 60 }
const GROWTH_SECONDS = { full: 600, check: 180 }

async function measureHistory(context: ScenarioContext): Promise<Report> {
  const { effort, asked } = context
  const runs = asked.finished ?? RUNS
  const [sessions = SESSIONS] = asked.sessions ?? []
  const full = await startMeasuredCluster(context, { kept: await openFinished(runs, context), tellsMemory: true })
  const empty = await startMeasuredCluster(context)
  const loops = { full: await startLoop(full, sessions, context), empty: await startLoop(empty, sessions, context) }
  const rounds = await alternate(loops, context)
  context.say('lists of sessions')
  const lists = await measureLists(full, runs, PAGES[effort])
  const seconds = asked.seconds ?? GROWTH_SECONDS[effort]
  context.say(`memory: ${seconds} s`)
  const window = { seconds, warmUpSeconds: warmUpSecondsOf(context) }
  const { done, growth } = await measureGrowth(full, context, () => loops.full.measure(window))
  const ends = [await loops.full.end(), await loops.empty.end()]
  return historyReport({ runs, rounds, lists, growth: { window: done, processes: growth }, ends })
}

async function alternate(loops: { full: Loop; empty: Loop }, context: ScenarioContext) {
  const { asked, effort, say } = context
  const wanted = asked.rounds ?? ROUNDS[effort]
  const most = asked.rounds ?? wanted + MORE_ROUNDS[effort]
  const setting = { seconds: asked.seconds ?? SECONDS[effort], warmUpSeconds: warmUpSecondsOf(context) }
  const rounds: HistoryRound[] = []
  while (rounds.filter((round) => isQuiet(roundOf(round))).length < wanted && rounds.length < most) {
    say(`round ${rounds.length + 1}: ${setting.seconds} s of each`)
    rounds.push({ full: await loops.full.measure(setting), empty: await loops.empty.measure(setting) })
  }
  return rounds
}
