import type { Use } from '../../measure/meter.ts'
import { type PlayResult, brokenPlay } from '../playTimed.ts'
import { shownNumber } from '../renderReport.ts'
import { type Report, type Table, type Target, atMost } from '../scenario.ts'

export interface StreamsSetting {
  streams: number
  workers: number
  seconds: number
}

export interface StreamsResult {
  setting: StreamsSetting
  result: PlayResult
  /** While all of them streamed. */
  use: Use
  /** Resident MB of each process at most. */
  peaks: Readonly<Record<string, number>>
}

export function streamsReport(results: readonly StreamsResult[]): Report {
  return {
    tables: [arrivalTable(results), processTable(results)],
    notes: results.flatMap(brokenStreams),
    figures: { results },
    targets: [...results.flatMap(lossTarget), ...oneWorkerTargets(results)],
  }
}

function brokenStreams({ setting, result }: StreamsResult): string[] {
  return brokenPlay(nameOf(setting), result)
}

function nameOf({ streams, workers }: StreamsSetting): string {
  return `${streams} streams, ${workers === 1 ? 'one worker' : `${workers} workers`}`
}

function arrivalTable(results: readonly StreamsResult[]): Table {
  return {
    title: 'From the agent app’s writing of a piece to its reading at the client',
    columns: ['load', 'pieces', 'p50 ms', 'p99 ms', 'max ms', 'pieces/event', 'commits/s', 'runs whole'],
    rows: results.map(({ setting, result, use }) => [
      nameOf(setting),
      String(result.delays.count),
      ...[result.delays.p50, result.delays.p99, result.delays.max].map((ms) => shownNumber(ms ?? 0)),
      shownNumber(result.eventsPerPiece === 0 ? 0 : 1 / result.eventsPerPiece),
      shownNumber(use.postgres.commits / use.seconds),
      `${result.completed - result.faults} of ${result.sent}`,
    ]),
  }
}

function processTable(results: readonly StreamsResult[]): Table {
  const names = [...new Set(results.flatMap(({ use }) => Object.keys(use.cpu)))]
  return {
    title: 'CPU of one core, and resident memory at most',
    columns: ['load', ...names],
    rows: results.map(({ setting, use, peaks }) => [nameOf(setting), ...names.map((name) => cell(use, peaks, name))]),
  }
}

function cell(use: Use, peaks: StreamsResult['peaks'], name: string): string {
  if (use.cpu[name] === undefined) return ''
  const memory = peaks[name] === undefined ? '' : `, ${Math.round(peaks[name])} MB`
  return `${shownNumber(coresOf(use, name) * 100)} %${memory}`
}

function coresOf(use: Use, name: string): number {
  return (use.cpu[name] ?? 0) / use.seconds
}

/** Overload may make deltas wider; it may never lose one. */
function lossTarget(result: StreamsResult): Target[] {
  const { setting } = result
  return [atMost(`streams.${setting.streams}-broken-promises`, brokenStreams(result).length, 0)]
}

function oneWorkerTargets(results: readonly StreamsResult[]): Target[] {
  const one = results.find(({ setting }) => setting.workers === 1)
  if (!one) return []
  const { use, peaks, result } = one
  return [
    atMost('streams.p99', result.delays.p99, 150, 'ms'),
    atMost('streams.worker-memory', peaks['worker-1'] ?? null, 250, 'MB'),
    atMost('streams.worker-cpu', coresOf(use, 'worker-1') * 100, 45, '%'),
  ]
}
