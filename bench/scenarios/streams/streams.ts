import { setTimeout as sleep } from 'node:timers/promises'
import { evenArrivals } from '../../load/arrivals.ts'
import { MemoryWatch, peaksOf, readMemory } from '../../measure/memoryWatch.ts'
import { Meter, useBetween } from '../../measure/meter.ts'
import { startMeasuredCluster } from '../measuredCluster.ts'
import { playTimed } from '../playTimed.ts'
import type { Report, Scenario, ScenarioContext } from '../scenario.ts'
import { StepStack } from '../../cluster/cleanup.ts'
import { type StreamsResult, type StreamsSetting, streamsReport } from './streamsReport.ts'

/** Many answers that grow at once, each by fifty pieces a second. */
export const streams: Scenario = {
  measures: 'many answers that stream at once: whether all of it comes, how late, and what it takes',
  run: measureStreams,
}

const PIECE_EVERY_MS = 20
const SECONDS = 20
/** They begin within this, so that their pieces are spread over time as those of strangers are. */
const BEGIN_MS = 2_000
const SETTINGS = [
  { streams: 300, workers: 1 },
  { streams: 600, workers: 2 },
]

async function measureStreams(context: ScenarioContext): Promise<Report> {
  const { sessions, seconds = SECONDS } = context.asked
  const settings = sessions?.map((count) => ({ streams: count, workers: 1 })) ?? SETTINGS
  const results: StreamsResult[] = []
  for (const setting of settings) {
    context.say(`${setting.streams} streams, ${setting.workers} workers: ${seconds} s`)
    results.push(await measureSetting({ ...setting, seconds }, context))
  }
  return streamsReport(results)
}

/** On a cluster of its own: what its processes hold is then of this load. */
export async function measureSetting(setting: StreamsSetting, context: ScenarioContext): Promise<StreamsResult> {
  const own = new StepStack()
  context.cleanup.defer(() => own.unwind())
  try {
    const { streams: count, workers, seconds } = setting
    const cluster = await startMeasuredCluster({ ...context, cleanup: own }, { workers })
    const play = {
      name: 'stream',
      sessions: count,
      script: { deltas: (seconds * 1_000) / PIECE_EVERY_MS, everyMs: PIECE_EVERY_MS, thinkMs: 0 },
      arrivals: evenArrivals(count, BEGIN_MS / count),
    }
    const { result, seen } = await playTimed(cluster, play, { cleanup: own }, async (loadPid) => {
      const roots = () => ({ ...cluster.roots(), load: loadPid })
      const meter = await Meter.start(cluster, roots, own)
      const memory = MemoryWatch.start(() => readMemory(cluster.roots()), 1_000, own)
      // All of them stream in between.
      await sleep(BEGIN_MS)
      const before = await meter.read()
      await sleep(Math.max(seconds * 1_000 - BEGIN_MS, 1_000))
      const use = useBetween(before, await meter.read())
      return { use, peaks: peaksOf(await memory.stop()) }
    })
    return { setting, result, ...seen }
  } finally {
    await own.unwind()
  }
}
