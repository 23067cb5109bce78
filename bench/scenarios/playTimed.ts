import { StepStack } from '../cluster/cleanup.ts'
import { startDriven } from '../driven/startDriven.ts'
import type { Script } from '../agent/script.ts'
import type { Arrivals } from '../load/arrivals.ts'
import type { OpenLoopResult } from '../load/openLoop.ts'
import type { OpenLoopQuestions } from '../load/openLoopMain.ts'
import { prepareTalks } from '../load/prepareTalks.ts'
import type { MeasuredCluster } from './measuredCluster.ts'
import type { ScenarioContext } from './scenario.ts'
import { type Settled, countSettled } from './throughput/countSettled.ts'

/** Messages that are sent by the clock, to new sessions with a reader each. */
export interface TimedPlay {
  /** Begins the names of its sessions: unlike others of the same cluster. */
  name: string
  sessions: number
  script: Omit<Script, 'timed'>
  arrivals: Arrivals
}

/** What readers have seen, and the runs as Postgres has them at the end. */
export type PlayResult = OpenLoopResult & { settled: Settled }

/** Plays it from a process of its own; `whilePlaying` is called with that process' id as soon as the first is sent. */
export async function playTimed<Seen>(
  cluster: MeasuredCluster,
  { name, sessions, script, arrivals }: TimedPlay,
  { cleanup }: Pick<ScenarioContext, 'cleanup'>,
  whilePlaying: (loadPid: number) => Promise<Seen>,
): Promise<{ result: PlayResult; seen: Seen }> {
  const own = new StepStack()
  cleanup.defer(() => own.unwind())
  try {
    const talks = await prepareTalks(cluster, sessions, name)
    const load = await startDriven<OpenLoopQuestions>('load/openLoopMain.js', own)
    const eventsUrls = cluster.realtimes.map(({ url }) => url)
    await load.ask('connect', { url: cluster.url, eventsUrls, talks, script })
    const playing: Promise<OpenLoopResult> = load.ask('play', arrivals)
    const [result, seen] = await Promise.all([playing, whilePlaying(load.pid)])
    await load.ask('close')
    const sessionIds = talks.map(({ sessionId }) => sessionId)
    return { result: { ...result, settled: await countSettled(cluster.postgres, sessionIds) }, seen }
  } finally {
    await own.unwind()
  }
}

/** What speaks against a play: its figures are worthless then. Empty: nothing. */
export function brokenPlay(name: string, result: PlayResult): string[] {
  const { sent, acknowledged, completed, errors, faults, first, settled } = result
  const broken: string[] = []
  if (errors > 0) broken.push(`${errors} errors`)
  if (faults > 0) broken.push(`${faults} faults in what readers have seen`)
  if (sent !== acknowledged || acknowledged !== completed) {
    broken.push(`${sent} messages sent, ${acknowledged} acknowledged, ${completed} completed`)
  }
  if (settled.completed !== acknowledged || settled.other > 0) {
    broken.push(`Postgres has ${settled.completed} completed runs and ${settled.other} others`)
  }
  return broken.length === 0 ? [] : [`${name}: ${[...broken, ...first].join('; ')}`]
}
