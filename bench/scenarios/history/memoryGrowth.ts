import { MemoryWatch, type MemorySample } from '../../measure/memoryWatch.ts'
import { slopeOf } from '../../measure/slope.ts'
import type { MeasuredCluster } from '../measuredCluster.ts'
import type { ScenarioContext } from '../scenario.ts'

/** How the memory of one process went while it worked. Megabytes. */
export interface MemoryGrowth {
  process: string
  first: number
  last: number
  /** By the slope after the beginning. */
  inTenMinutes: number
  /** The same as a part of what it had. */
  part: number
}

const LOOK_EVERY_MS = 2_000
/** Until then V8 finds its size: its young generation grows under load, and code is compiled. */
const BEGINNING = 1 / 3
const TEN_MINUTES_S = 600

/** While so much is done. */
export async function measureGrowth<Done>(
  cluster: MeasuredCluster,
  { cleanup }: Pick<ScenarioContext, 'cleanup'>,
  work: () => Promise<Done>,
): Promise<{ done: Done; growth: MemoryGrowth[] }> {
  const watch = MemoryWatch.start(() => watchedOf(cluster), LOOK_EVERY_MS, cleanup)
  const done = await work()
  return { done, growth: growthOf(await watch.stop()) }
}

/** All but the agent app, which is the bench's, and Postgres, whose pages are shared between its processes. */
function watchedOf(cluster: MeasuredCluster): Record<string, number> {
  const { agent: _agent, postgres: _postgres, ...watched } = cluster.roots()
  return watched
}

/** Of each process, by the slope of what was noted after the beginning. */
export function growthOf(samples: readonly MemorySample[]): MemoryGrowth[] {
  const last = samples.at(-1)
  const from = (last?.seconds ?? 0) * BEGINNING
  return Object.keys(last?.megabytes ?? {}).map((process) => {
    const points = samples
      .filter(({ seconds }) => seconds >= from)
      .map(({ seconds, megabytes }) => ({ x: seconds, y: megabytes[process] ?? 0 }))
    const [first, end] = [points[0]?.y ?? 0, points.at(-1)?.y ?? 0]
    const inTenMinutes = (slopeOf(points) ?? 0) * TEN_MINUTES_S
    return { process, first, last: end, inTenMinutes, part: first === 0 ? 0 : inTenMinutes / first }
  })
}
