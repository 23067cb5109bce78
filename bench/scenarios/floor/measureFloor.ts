import { migrate } from '@agentview/migrations/migrate'
import { StepStack } from '../../cluster/cleanup.ts'
import { startDriven } from '../../driven/startDriven.ts'
import type { FloorVerdict } from '../../floor/floorLoop.ts'
import type { FloorQuestions } from '../../floor/main.ts'
import { Meter } from '../../measure/meter.ts'
import { type MeasuredWindow, type WindowSetting, measureWindow } from '../measureWindow.ts'
import { HISTORY_ITEMS, type MeasuredCluster, profileArguments } from '../measuredCluster.ts'
import type { ScenarioContext } from '../scenario.ts'

/** The bare sequence in a process of its own, beside an idle cluster: on the same Postgres, Redis and agent app. */
export interface FloorLoop {
  measure(setting: WindowSetting): Promise<MeasuredWindow>
  end(): Promise<FloorVerdict>
}

const DATABASE = 'floor'

export async function startFloor(
  cluster: MeasuredCluster & { redisUrl: string },
  sessions: number,
  context: Pick<ScenarioContext, 'cleanup' | 'asked'>,
): Promise<FloorLoop> {
  const own = new StepStack()
  context.cleanup.defer(() => own.unwind())
  const databaseUrl = await createFloorDatabase(cluster)
  const { redisUrl, agent } = cluster
  const floor = await startDriven<FloorQuestions>(
    'floor/main.js',
    own,
    profileArguments(context.asked.profiles, 'floor'),
  )
  const metered = { postgres: { url: databaseUrl }, redisUrl }
  const meter = await Meter.start(metered, () => ({ ...cluster.roots(), floor: floor.pid }), own)
  const plan = { databaseUrl, redisUrl, agentUrl: agent.url, sessions, historyItems: HISTORY_ITEMS }
  await floor.ask('prepare', plan)
  return {
    measure: (setting) => measureWindow(floor, meter, setting),
    async end() {
      const verdict = await floor.ask('stop')
      await own.unwind()
      return verdict
    },
  }
}

/** A database beside AgentView's, with the same tables. Gives its address. */
async function createFloorDatabase({ postgres }: MeasuredCluster): Promise<string> {
  await postgres.query(`create database ${DATABASE}`)
  const url = new URL(postgres.url)
  url.pathname = `/${DATABASE}`
  await migrate(url.href)
  return url.href
}
