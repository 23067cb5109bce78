import type { MeasuredWindow } from '../measureWindow.ts'

/** What one run costs, in the mean of a window. */
export interface RunCost {
  commits: number
  /** Transactions that have written. */
  writes: number
  walKiB: number
  redisSent: number
  redisInScripts: number
  /** CPU milliseconds by process: the same number as CPU seconds of 1,000 runs. */
  cpuMs: Readonly<Record<string, number>>
}

export function costOf({ window, use, redis }: MeasuredWindow): RunCost {
  const per = (value: number) => value / window.runs
  return {
    commits: per(use.postgres.commits),
    writes: per(use.postgres.writes),
    walKiB: per(use.postgres.walBytes) / 1_024,
    redisSent: per(redis.sent),
    redisInScripts: per(redis.inScripts),
    cpuMs: Object.fromEntries(Object.entries(use.cpu).map(([name, seconds]) => [name, per(seconds * 1_000)])),
  }
}

/** CPU milliseconds of a run in our own processes: api, workers and realtime nodes. */
export function ownCpuMs({ cpuMs }: Pick<RunCost, 'cpuMs'>): number {
  const own = Object.entries(cpuMs).filter(([name]) => /^(api|worker|realtime)/.test(name))
  return own.reduce((sum, [, ms]) => sum + ms, 0)
}

export function runsPerSecond({ window }: Pick<MeasuredWindow, 'window'>): number {
  return window.runs / window.seconds
}

/** Rows of events and deltas that a run has made. */
export function eventsPerRun({ events, completed }: { events: number; completed: number }): number {
  return events / completed
}
