import { askKeptMemory } from '../../measure/keptMemory.ts'
import { type MemorySample, MemoryWatch, readMemory } from '../../measure/memoryWatch.ts'
import { privateMemory } from '../../measure/processTree.ts'
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
  /** The same as a part of what it had, or of `SMALL_MB` when that was less. */
  part: number
}

/** Each look costs every process of ours a collection of some 0.1 s. */
const LOOK_EVERY_MS = 5_000
/** Until then caches fill, code is compiled and connections make their plans. */
const BEGINNING = 1 / 3
const TEN_MINUTES_S = 600
/**
 * About what a process of ours has. Smaller ones, a Redis of 14 MB and what Postgres' lasting processes have of their own,
 * are held to as many megabytes: one step of one megabyte in two minutes would be half of them in ten.
 */
const SMALL_MB = 100

/** While so much is done. */
export async function measureGrowth<Done>(
  cluster: MeasuredCluster,
  { cleanup }: Pick<ScenarioContext, 'cleanup'>,
  work: () => Promise<Done>,
): Promise<{ done: Done; growth: MemoryGrowth[] }> {
  const watch = MemoryWatch.start(() => lookAt(cluster), LOOK_EVERY_MS, cleanup)
  const done = await work()
  return { done, growth: growthOf(await watch.stop()) }
}

/**
 * All but the agent app, which is the bench's: of processes of ours what they keep, of Redis what is resident, of each
 * process of Postgres what is its own.
 */
async function lookAt(cluster: MeasuredCluster): Promise<Record<string, number>> {
  const { redis, postgres } = cluster.roots()
  const ours = cluster.members
    .filter(({ running, name }) => running && name !== cluster.agent.name)
    .map(async ({ name, pid }) => [name, await askKeptMemory(pid, cluster.memoryFile(name))] as const)
  const backends = [...(await privateMemory(postgres!))].map(([pid, megabytes]) => [`${BACKEND}${pid}`, megabytes])
  const others = redis === undefined ? {} : await readMemory({ redis })
  return { ...Object.fromEntries(await Promise.all(ours)), ...others, ...Object.fromEntries(backends) }
}

const BACKEND = 'postgres '

/**
 * Postgres as one: of its processes those that were there all the time. One that ends takes its memory with it, and
 * autovacuum's come and go with much.
 */
function withPostgresAsOne(samples: readonly MemorySample[]): MemorySample[] {
  const lasting = Object.keys(samples[0]?.megabytes ?? {}).filter(
    (name) => name.startsWith(BACKEND) && samples.every(({ megabytes }) => name in megabytes),
  )
  return samples.map(({ seconds, megabytes }) => {
    const others = Object.entries(megabytes).filter(([name]) => !name.startsWith(BACKEND))
    const sum = lasting.reduce((total, name) => total + megabytes[name]!, 0)
    return { seconds, megabytes: { ...Object.fromEntries(others), ...(lasting.length > 0 && { postgres: sum }) } }
  })
}

/** Of each process, by the slope of what was noted after the beginning. */
export function growthOf(samples: readonly MemorySample[]): MemoryGrowth[] {
  const from = (samples.at(-1)?.seconds ?? 0) * BEGINNING
  const counted = withPostgresAsOne(samples.filter(({ seconds }) => seconds >= from))
  return Object.keys(counted.at(-1)?.megabytes ?? {}).map((process) => {
    const points = counted.map(({ seconds, megabytes }) => ({ x: seconds, y: megabytes[process] ?? 0 }))
    const [first, end] = [points[0]?.y ?? 0, points.at(-1)?.y ?? 0]
    const inTenMinutes = (slopeOf(points) ?? 0) * TEN_MINUTES_S
    return { process, first, last: end, inTenMinutes, part: inTenMinutes / Math.max(first, SMALL_MB) }
  })
}
