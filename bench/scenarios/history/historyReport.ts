import { type Round, ratioNote, ratioOf } from '../ratio.ts'
import { shownNumber } from '../renderReport.ts'
import { type Report, type Table, atLeast, atMost } from '../scenario.ts'
import { brokenPromises } from '../throughput/judgeLoop.ts'
import type { MeasuredWindow } from '../measureWindow.ts'
import type { LoopEnd } from '../throughput/measureLoop.ts'
import { runsPerSecond } from '../throughput/runCost.ts'
import type { MemoryGrowth } from './memoryGrowth.ts'
import type { MeasuredList } from './sessionLists.ts'

/** Beside all that has finished, and beside nothing. */
export interface HistoryRound {
  full: MeasuredWindow
  empty: MeasuredWindow
}

export interface HistoryResult {
  /** That have finished. */
  runs: number
  rounds: readonly HistoryRound[]
  lists: readonly MeasuredList[]
  /** During one long window. */
  growth: { window: MeasuredWindow; processes: readonly MemoryGrowth[] }
  ends: readonly LoopEnd[]
}

/** More than a collector's mood explains; a leak of a kilobyte a run is far beyond it. */
const GROWTH_ALLOWED = 0.1

export function roundOf({ full, empty }: HistoryRound): Round {
  return {
    judged: runsPerSecond(full),
    compared: runsPerSecond(empty),
    foreign: Math.max(full.use.foreign, empty.use.foreign),
  }
}

export function historyReport(result: HistoryResult): Report {
  const { runs, rounds, lists, growth, ends } = result
  const broken = ends.flatMap(brokenPromises)
  const ratio = ratioOf(rounds.map(roundOf))
  const slowest = Math.max(...lists.map(({ page }) => page.p95 ?? 0))
  const grown = Math.max(...growth.processes.map(({ part }) => part))
  return {
    tables: [roundsTable(result), listsTable(lists), memoryTable(growth)],
    notes: [...broken, ratioNote(ratio)],
    figures: { runs, ratio, rounds, lists, growth },
    targets: [
      atMost('history.broken-promises', broken.length, 0),
      atLeast('history.ratio', ratio.median, 0.9, '× of empty'),
      atMost('history.session-list-p95', slowest, 50, 'ms'),
      atMost('history.memory-growth', grown * 100, GROWTH_ALLOWED * 100, '% in 10 min'),
    ],
  }
}

function roundsTable({ runs, rounds }: HistoryResult): Table {
  const many = runs.toLocaleString('en-US')
  return {
    title: `Runs a second beside ${many} finished runs and beside none, in alternation`,
    columns: [
      'round',
      `beside ${many}`,
      'beside none',
      'ratio',
      'p99 ms',
      'p99 ms, none',
      'other side',
      'foreign load',
    ],
    rows: rounds.map((round, index) => {
      const { judged, compared, foreign } = roundOf(round)
      const numbers = [judged, compared, judged / compared, round.full.window.p99 ?? 0, round.empty.window.p99 ?? 0]
      const beside = Math.max(round.full.use.beside, round.empty.use.beside)
      return [String(index + 1), ...numbers.map(shownNumber), ...[beside, foreign].map(shownPart)]
    }),
  }
}

function shownPart(part: number): string {
  return `${(part * 100).toFixed(1)} %`
}

function listsTable(lists: readonly MeasuredList[]): Table {
  return {
    title: 'Pages of fifty of GET /v1/sessions, with the secret key',
    columns: ['sessions', 'pages', 'rows', 'p50 ms', 'p95 ms', 'max ms'],
    rows: lists.map(({ list, page, rows }) => [
      list,
      String(page.count),
      String(rows),
      ...[page.p50, page.p95, page.max].map((ms) => shownNumber(ms ?? 0)),
    ]),
  }
}

function memoryTable({ window, processes }: HistoryResult['growth']): Table {
  const load = `${Math.round(window.window.seconds)} s of ${Math.round(runsPerSecond(window))} runs/s`
  return {
    title: `Memory kept during ${load}, after the first third`,
    columns: ['process', 'MB', 'at the end', 'MB in 10 min, by the slope', 'of what it had, or of 100 MB'],
    rows: processes.map(({ process, first, last, inTenMinutes, part }) => [
      process,
      ...[first, last, inTenMinutes].map(shownNumber),
      shownPart(part),
    ]),
  }
}
