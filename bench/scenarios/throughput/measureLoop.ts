import { StepStack } from '../../cluster/cleanup.ts'
import { startDriven } from '../../driven/startDriven.ts'
import type { LoopVerdict } from '../../load/closedLoop.ts'
import type { LoadQuestions } from '../../load/main.ts'
import { prepareTalks } from '../../load/prepareTalks.ts'
import { Meter } from '../../measure/meter.ts'
import { type MeasuredWindow, type WindowSetting, measureWindow } from '../measureWindow.ts'
import { type Measured, profileArguments } from '../measuredCluster.ts'
import type { ScenarioContext } from '../scenario.ts'
import { type Settled, countSettled } from './countSettled.ts'

/** What became of all messages of a loop, warm-up and all. */
export interface LoopEnd {
  sessions: number
  verdict: LoopVerdict
  /** The runs of these sessions as Postgres has them at the end. */
  settled: Settled
}

export type LoopResult = MeasuredWindow & LoopEnd

/** Room for what is short-lived: the load collects garbage seldom, for it shares the machine. */
const LEAN = ['--max-semi-space-size=64']

/** C sessions on an AgentView, in a process of their own; they wait until they are measured. */
export interface Loop {
  measure(setting: WindowSetting): Promise<MeasuredWindow>
  /** Ends it, and tells whether all that was acknowledged was kept. */
  end(): Promise<LoopEnd>
}

export async function startLoop(
  measured: Measured,
  sessions: number,
  context: Pick<ScenarioContext, 'cleanup' | 'asked'>,
): Promise<Loop> {
  const own = new StepStack()
  context.cleanup.defer(() => own.unwind())
  const nodeArguments = [...LEAN, ...profileArguments(context.asked.profiles, 'load')]
  const load = await startDriven<LoadQuestions>('load/main.js', own, nodeArguments)
  const meter = await Meter.start(measured, () => ({ ...measured.roots(), load: load.pid }), own)
  const talks = await prepareTalks(measured, sessions, `c${sessions}`)
  await load.ask('connect', { url: measured.url, eventsUrl: measured.eventsUrl, talks })
  return {
    measure: (setting) => measureWindow(load, meter, setting),
    async end() {
      const verdict = await load.ask('stop')
      const sessionIds = talks.map(({ sessionId }) => sessionId)
      const settled = await countSettled(measured.postgres, sessionIds)
      await own.unwind()
      return { sessions, verdict, settled }
    },
  }
}

/** One window of one loop. */
export async function measureLoop(
  measured: Measured,
  sessions: number,
  setting: WindowSetting,
  context: Pick<ScenarioContext, 'cleanup' | 'asked'>,
): Promise<LoopResult> {
  const loop = await startLoop(measured, sessions, context)
  const window = await loop.measure(setting)
  return { ...window, ...(await loop.end()) }
}
