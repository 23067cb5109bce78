import type { Cleanup } from '../cluster/cleanup.ts'
import { foreignLoad, partOfMachine } from './foreignLoad.ts'
import { type MachineTime, readMachineTime } from './machine.ts'
import { type PostgresCounter, type PostgresCounts, startPostgresCounter } from './postgresCounters.ts'
import { cpuSeconds } from './processTree.ts'
import { type RedisCounter, type RedisCounts, type RedisSenders, startRedisCounter } from './redisCounters.ts'

/** Everything that is counted, at one moment. */
export interface Reading {
  at: number
  /** By the name of a tree of processes, and `bench`: this one. */
  cpu: Readonly<Record<string, number>>
  /** CPU seconds of whatever else the bench has started: the side of a comparison that is not measured now. */
  beside: number
  machine: MachineTime
  postgres: PostgresCounts
  redis: RedisCounts
}

/** What was spent between two readings. */
export interface Use {
  seconds: number
  /** CPU seconds by the name of a tree of processes. */
  cpu: Readonly<Record<string, number>>
  /** The part of the machine that went to what the bench has started and does not measure now. */
  beside: number
  /** The part of the machine that went to others. */
  foreign: number
  postgres: PostgresCounts
}

interface Metered {
  postgres: { url: string }
  redisUrl: string | null
}

export class Meter {
  readonly #postgres: PostgresCounter
  readonly #redis: RedisCounter | null
  readonly #roots: () => Readonly<Record<string, number>>

  private constructor(postgres: PostgresCounter, redis: RedisCounter | null, roots: () => Record<string, number>) {
    this.#postgres = postgres
    this.#redis = redis
    this.#roots = roots
  }

  /** `roots`: process ids by name, of all that belongs to the measurement; this process is added. */
  static async start(
    { postgres, redisUrl }: Metered,
    roots: () => Record<string, number>,
    cleanup: Cleanup,
  ): Promise<Meter> {
    const counter = await startPostgresCounter(postgres.url)
    cleanup.defer(() => counter.end())
    const redis = redisUrl === null ? null : await startRedisCounter(redisUrl)
    cleanup.defer(() => redis?.end())
    return new Meter(counter, redis, roots)
  }

  async read(): Promise<Reading> {
    const [postgres, redis] = await Promise.all([this.#postgres.read(), this.#redis?.read() ?? {}])
    const [trees, machine] = await Promise.all([
      cpuSeconds({ ...this.#roots(), bench: process.pid }),
      readMachineTime(),
    ])
    const { user, system } = process.cpuUsage()
    const bench = (user + system) / 1e6
    const beside = (trees.bench ?? 0) - bench
    return { at: performance.now(), cpu: { ...trees, bench }, beside, machine, postgres, redis }
  }

  /** Who sends what to Redis, watched for a while under load. */
  async sampleSenders(ms: number): Promise<RedisSenders> {
    return (await this.#redis?.sampleSenders(ms)) ?? {}
  }
}

export function useBetween(before: Reading, after: Reading): Use {
  const seconds = (after.at - before.at) / 1_000
  const cpu = subtract(after.cpu, before.cpu)
  const beside = Math.max(0, after.beside - before.beside)
  const ours = Object.values(cpu).reduce((sum, spent) => sum + spent, beside)
  const { busy, stolen } = subtract(after.machine, before.machine)
  return {
    seconds,
    cpu,
    beside: partOfMachine(beside, seconds),
    foreign: foreignLoad({ seconds, busy, stolen, ours }),
    postgres: subtract(after.postgres, before.postgres),
  }
}

/** Member by member; one that was not there before began at 0. */
function subtract<Counts extends { readonly [name: string]: number } | MachineTime | PostgresCounts>(
  after: Counts,
  before: Counts,
): Counts {
  const earlier: Readonly<Record<string, number>> = { ...before }
  const entries = Object.entries(after).map(([name, value]) => [name, value - (earlier[name] ?? 0)])
  // The same names with numbers, as it came.
  return Object.fromEntries(entries) as Counts
}
