import type { MeasuredWindow } from '../measureWindow.ts'
import { type Round, isQuiet, ratioNote, ratioOf } from '../ratio.ts'
import { shownNumber } from '../renderReport.ts'
import { type Report, type Table, atLeast, atMost } from '../scenario.ts'
import { brokenPromises } from '../throughput/judgeLoop.ts'
import type { LoopEnd } from '../throughput/measureLoop.ts'
import { costOf, runsPerSecond } from '../throughput/runCost.ts'

/** One round. */
export interface Pair {
  cluster: MeasuredWindow
  embedded: MeasuredWindow
}

export function embeddedReport(pairs: readonly Pair[], ends: readonly LoopEnd[]): Report {
  const rounds = pairs.map(roundOf)
  const ratio = ratioOf(rounds)
  const broken = ends.flatMap(brokenPromises)
  return {
    tables: [roundsTable(pairs)],
    notes: [...broken, ratioNote(ratio)],
    figures: { ratio, rounds, pairs, ends },
    targets: [
      atMost('embedded.broken-promises', broken.length, 0),
      atLeast('embedded.ratio', ratio.median, 0.5, '× with Redis'),
    ],
  }
}

function roundOf({ cluster, embedded }: Pair): Round {
  return {
    judged: runsPerSecond(embedded),
    compared: runsPerSecond(cluster),
    foreign: Math.max(cluster.use.foreign, embedded.use.foreign),
  }
}

function roundsTable(pairs: readonly Pair[]): Table {
  return {
    title: 'Runs a second, in alternation',
    columns: [
      'round',
      'embedded',
      'with Redis',
      'ratio',
      'CPU ms/run',
      'with Redis',
      'commits/run',
      'other side',
      'foreign load',
      'counts',
    ],
    rows: pairs.map((pair, index) => {
      const round = roundOf(pair)
      const numbers = [
        ...[round.judged, round.compared, round.judged / round.compared],
        ...[allCpuMs(pair.embedded), allCpuMs(pair.cluster), costOf(pair.embedded).commits],
      ]
      const beside = Math.max(pair.cluster.use.beside, pair.embedded.use.beside)
      const parts = [beside, round.foreign].map((part) => `${(part * 100).toFixed(1)} %`)
      return [String(index + 1), ...numbers.map(shownNumber), ...parts, isQuiet(round) ? 'yes' : 'no']
    }),
  }
}

function allCpuMs(result: MeasuredWindow): number {
  return Object.values(costOf(result).cpuMs).reduce((sum, ms) => sum + ms, 0)
}
