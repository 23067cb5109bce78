import { setTimeout as sleep } from 'node:timers/promises'
import { migrate } from '@agentview/migrations/migrate'
import { StepStack } from '../../cluster/cleanup.ts'
import { startDriven } from '../../driven/startDriven.ts'
import type { FloorVerdict } from '../../floor/floorLoop.ts'
import type { FloorQuestions } from '../../floor/main.ts'
import type { LoopWindow } from '../../load/latencyWindow.ts'
import { Meter, type Use, useBetween } from '../../measure/meter.ts'
import { type RedisUse, redisUse } from '../../measure/redisCounters.ts'
import { HISTORY_ITEMS, type MeasuredCluster } from '../measuredCluster.ts'
import type { ScenarioContext } from '../scenario.ts'
import { SENDERS_MS, type LoopSetting } from '../throughput/measureLoop.ts'

export interface FloorResult {
  sessions: number
  window: LoopWindow
  use: Use
  redis: RedisUse
  verdict: FloorVerdict
}

const DATABASE = 'floor'

/** A database beside AgentView's, with the same tables. Gives its address. */
export async function createFloorDatabase({ postgres }: MeasuredCluster): Promise<string> {
  await postgres.query(`create database ${DATABASE}`)
  const url = new URL(postgres.url)
  url.pathname = `/${DATABASE}`
  await migrate(url.href)
  return url.href
}

/** The bare sequence beside an idle cluster: on the same Postgres, Redis and agent app. */
export async function measureFloor(
  cluster: MeasuredCluster & { redisUrl: string },
  databaseUrl: string,
  { sessions, seconds, warmUpSeconds }: LoopSetting,
  context: Pick<ScenarioContext, 'cleanup'>,
): Promise<FloorResult> {
  const own = new StepStack()
  context.cleanup.defer(() => own.unwind())
  try {
    const floor = await startDriven<FloorQuestions>('floor/main.js', own)
    const { redisUrl } = cluster
    const metered = { postgres: { url: databaseUrl }, redisUrl }
    const meter = await Meter.start(metered, () => ({ ...cluster.roots(), floor: floor.pid }), own)
    const agentUrl = cluster.agent.url
    await floor.ask('prepare', { databaseUrl, redisUrl, agentUrl, sessions, historyItems: HISTORY_ITEMS })
    await floor.ask('begin')
    await sleep(warmUpSeconds * 1_000)
    const before = await meter.read()
    await floor.ask('open')
    await sleep(seconds * 1_000)
    const window = await floor.ask('close')
    const after = await meter.read()
    const senders = await meter.sampleSenders(SENDERS_MS)
    const verdict = await floor.ask('stop')
    return {
      sessions,
      window,
      use: useBetween(before, after),
      redis: redisUse(before.redis, after.redis, senders),
      verdict,
    }
  } finally {
    await own.unwind()
  }
}
