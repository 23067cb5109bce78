import { setTimeout as sleep } from 'node:timers/promises'
import { StepStack } from '../../cluster/cleanup.ts'
import { startDriven } from '../../driven/startDriven.ts'
import type { LoopVerdict } from '../../load/closedLoop.ts'
import type { LoopWindow } from '../../load/latencyWindow.ts'
import type { LoadQuestions } from '../../load/main.ts'
import { prepareTalks } from '../../load/prepareTalks.ts'
import { Meter, type Use, useBetween } from '../../measure/meter.ts'
import { type RedisUse, redisUse } from '../../measure/redisCounters.ts'
import type { Measured } from '../measuredCluster.ts'
import type { ScenarioContext } from '../scenario.ts'
import { type Settled, countSettled } from './countSettled.ts'

/** One closed loop of so many sessions. */
export interface LoopSetting {
  sessions: number
  seconds: number
  warmUpSeconds: number
}

export interface LoopResult {
  sessions: number
  window: LoopWindow
  use: Use
  redis: RedisUse
  verdict: LoopVerdict
  /** The runs of these sessions as Postgres has them at the end. */
  settled: Settled
}

/** How long it is watched who sends what to Redis, once the window is closed. */
export const SENDERS_MS = 1_000

/** Lets C sessions talk on a cluster; gives what a window of it cost, and whether all that was acknowledged was kept. */
export async function measureLoop(
  cluster: Measured,
  { sessions, seconds, warmUpSeconds }: LoopSetting,
  context: Pick<ScenarioContext, 'cleanup'>,
): Promise<LoopResult> {
  const own = new StepStack()
  context.cleanup.defer(() => own.unwind())
  try {
    const load = await startDriven<LoadQuestions>('load/main.js', own)
    const meter = await Meter.start(cluster, () => ({ ...cluster.roots(), load: load.pid }), own)
    const talks = await prepareTalks(cluster, sessions, `c${sessions}`)
    await load.ask('connect', { url: cluster.url, eventsUrl: cluster.eventsUrl, talks })
    await load.ask('begin')
    await sleep(warmUpSeconds * 1_000)
    const before = await meter.read()
    await load.ask('open')
    await sleep(seconds * 1_000)
    const window = await load.ask('close')
    const after = await meter.read()
    const senders = await meter.sampleSenders(SENDERS_MS)
    const verdict = await load.ask('stop')
    const settled = await countSettled(
      cluster.postgres,
      talks.map(({ sessionId }) => sessionId),
    )
    const redis = redisUse(before.redis, after.redis, senders)
    return { sessions, window, use: useBetween(before, after), redis, verdict, settled }
  } finally {
    await own.unwind()
  }
}
