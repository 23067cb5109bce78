import { type MeasuredCluster, startMeasuredCluster } from '../measuredCluster.ts'
import { isQuiet } from '../ratio.ts'
import type { Report, Scenario, ScenarioContext } from '../scenario.ts'
import { measureLoop } from '../throughput/measureLoop.ts'
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
const WARM_UP_SECONDS = 4
const PAGES = { full: 200, check: 60 }
const GROWTH_SECONDS = { full: 600, check: 180 }

async function measureHistory(context: ScenarioContext): Promise<Report> {
  const { effort, asked } = context
  const runs = asked.finished ?? RUNS
  const full = await startMeasuredCluster(context, { kept: await openFinished(runs, context) })
  const empty = await startMeasuredCluster(context)
  const rounds = await alternate(full, empty, context)
  context.say('lists of sessions')
  const lists = await measureLists(full, runs, PAGES[effort])
  const seconds = asked.seconds ?? GROWTH_SECONDS[effort]
  context.say(`memory: ${seconds} s`)
  const memory = await measureGrowth(full, { ...settingOf(context), seconds }, context)
  return historyReport({ runs, rounds, lists, memory, seconds })
}

async function alternate(full: MeasuredCluster, empty: MeasuredCluster, context: ScenarioContext) {
  const wanted = context.asked.rounds ?? ROUNDS[context.effort]
  const most = context.asked.rounds ?? wanted + MORE_ROUNDS[context.effort]
  const setting = settingOf(context)
  const rounds: HistoryRound[] = []
  while (rounds.filter((round) => isQuiet(roundOf(round))).length < wanted && rounds.length < most) {
    context.say(`round ${rounds.length + 1}: ${setting.seconds} s of each`)
    rounds.push({
      full: await measureLoop(full, setting, context),
      empty: await measureLoop(empty, setting, context),
    })
  }
  return rounds
}

function settingOf({ asked, effort }: ScenarioContext) {
  const { sessions = [SESSIONS], seconds = SECONDS[effort] } = asked
  return { sessions: sessions[0] ?? SESSIONS, seconds, warmUpSeconds: WARM_UP_SECONDS }
}
