import { FOREIGN_ALLOWED } from '../../measure/foreignLoad.ts'
import { shownNumber } from '../renderReport.ts'
import { type Report, type Table, type Target, atLeast, atMost } from '../scenario.ts'
import { brokenPromises } from './judgeLoop.ts'
import type { LoopResult } from './measureLoop.ts'
import { costOf, eventsPerRun, ownCpuMs, runsPerSecond } from './runCost.ts'

export function throughputReport(results: readonly LoopResult[]): Report {
  const costs = results.map((result) => ({ sessions: result.sessions, ...costOf(result) }))
  return {
    tables: [ratesTable(results), cpuTable(results)],
    notes: [...results.flatMap(brokenPromises), ...results.flatMap(foreignNote)],
    figures: { results, costs },
    targets: throughputTargets(results),
  }
}

function ratesTable(results: readonly LoopResult[]): Table {
  return {
    title: 'From POST to the terminal event at the Socket.IO client',
    columns: [
      ...['C', 'runs/s', 'p50 ms', 'p99 ms', 'commits/run', 'writing', 'WAL KiB/run'],
      ...['Redis sent/run', 'in scripts', 'events/run', 'acknowledged', 'completed'],
    ],
    rows: results.map((result) => {
      const { sessions, window, verdict } = result
      const cost = costOf(result)
      const numbers = [
        ...[runsPerSecond(result), window.p50 ?? 0, window.p99 ?? 0, cost.commits, cost.writes, cost.walKiB],
        ...[cost.redisSent, cost.redisInScripts, eventsPerRun(verdict), verdict.acknowledged, verdict.completed],
      ]
      return [String(sessions), ...numbers.map(shownNumber)]
    }),
  }
}

function cpuTable(results: readonly LoopResult[]): Table {
  const names = [...new Set(results.flatMap(({ use }) => Object.keys(use.cpu)))]
  return {
    title: 'CPU seconds of 1,000 runs, by process',
    columns: ['C', ...names, 'ours', 'all'],
    rows: results.map((result) => {
      const cost = costOf(result)
      const all = Object.values(cost.cpuMs).reduce((sum, ms) => sum + ms, 0)
      const numbers = [...names.map((name) => cost.cpuMs[name] ?? 0), ownCpuMs(cost), all]
      return [String(result.sessions), ...numbers.map(shownNumber)]
    }),
  }
}

function foreignNote({ sessions, use }: LoopResult): string[] {
  if (use.foreign <= FOREIGN_ALLOWED) return []
  return [`C=${sessions}: other processes took ${(use.foreign * 100).toFixed(0)} % of the machine meanwhile`]
}

function throughputTargets(results: readonly LoopResult[]): Target[] {
  const at = (sessions: number) => results.find((result) => result.sessions === sessions)
  const broken = results.flatMap(brokenPromises).length
  const [c64, c256] = [at(64), at(256)]
  const cost = c64 && costOf(c64)
  return [
    atMost('throughput.broken-promises', broken, 0),
    ...(cost
      ? [
          atMost('throughput.commits-per-run', cost.commits, 1),
          atMost('throughput.redis-commands-per-run', cost.redisSent, 6),
          atMost('throughput.own-cpu-per-run', ownCpuMs(cost), 0.8, 'ms'),
        ]
      : []),
    ...(c64 && c256 ? [atLeast('throughput.c256-of-c64', runsPerSecond(c256) / runsPerSecond(c64), 1)] : []),
  ]
}
