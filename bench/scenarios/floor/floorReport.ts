import { shownNumber } from '../renderReport.ts'
import { type Report, type Table, atLeast, atMost } from '../scenario.ts'
import { brokenPromises } from '../throughput/judgeLoop.ts'
import type { LoopEnd } from '../throughput/measureLoop.ts'
import { type RunCost, costOf, eventsPerRun, runsPerSecond } from '../throughput/runCost.ts'
import type { FloorVerdict } from '../../floor/floorLoop.ts'
import type { MeasuredWindow } from '../measureWindow.ts'
import { type Round, isQuiet, ratioNote, ratioOf } from '../ratio.ts'

/** One round. */
export interface Alternation {
  ours: MeasuredWindow
  bare: MeasuredWindow
}

/** What became of all messages of all rounds. */
export interface AlternationEnd {
  ours: LoopEnd
  bare: FloorVerdict
}

export function roundOf({ ours, bare }: Alternation): Round {
  return {
    judged: runsPerSecond(ours),
    compared: runsPerSecond(bare),
    foreign: Math.max(ours.use.foreign, bare.use.foreign),
  }
}

export function floorReport(alternations: readonly Alternation[], end: AlternationEnd): Report {
  const ratio = ratioOf(alternations.map(roundOf))
  const broken = [...brokenPromises(end.ours), ...brokenFloor(end.bare)]
  return {
    tables: [roundsTable(alternations), costTable(alternations, end)],
    notes: [...broken, ratioNote(ratio), ...idleNote(alternations)],
    figures: { ratio, rounds: alternations.map(roundOf), alternations, end },
    targets: [atMost('floor.broken-promises', broken.length, 0), atLeast('floor.ratio', ratio.median, 1.7, '× floor')],
  }
}

function roundsTable(alternations: readonly Alternation[]): Table {
  return {
    title: 'Runs a second, in alternation',
    columns: ['round', 'AgentView', 'floor', 'ratio', 'p50 ms', 'floor: p50 ms', 'foreign load', 'counts'],
    rows: alternations.map((one, index) => {
      const round = roundOf(one)
      const numbers = [round.judged, round.compared, round.judged / round.compared]
      const latencies = [one.ours.window.p50 ?? 0, one.bare.window.p50 ?? 0]
      const foreign = `${(round.foreign * 100).toFixed(1)} %`
      return [String(index + 1), ...[...numbers, ...latencies].map(shownNumber), foreign, isQuiet(round) ? 'yes' : 'no']
    }),
  }
}

/** The mean of all rounds: counts and CPU time say the same whoever else uses the machine. */
function costTable(alternations: readonly Alternation[], end: AlternationEnd): Table {
  const rows: [string, RunCost[], number][] = [
    ['AgentView', alternations.map(({ ours }) => costOf(ours)), eventsPerRun(end.ours.verdict)],
    ['floor', alternations.map(({ bare }) => costOf(bare)), eventsPerRun(end.bare)],
  ]
  return {
    title: 'What one run costs',
    columns: [
      '',
      'CPU ms, all',
      'of it Postgres',
      'Redis',
      'agent app',
      'commits',
      'writing',
      'Redis sent',
      'event rows',
    ],
    rows: rows.map(([name, costs, events]) => {
      const mean = (of: (cost: RunCost) => number) => costs.reduce((sum, cost) => sum + of(cost), 0) / costs.length
      const numbers = [
        mean(({ cpuMs }) => Object.values(cpuMs).reduce((sum, ms) => sum + ms, 0)),
        ...['postgres', 'redis', 'agent'].map((process) => mean(({ cpuMs }) => cpuMs[process] ?? 0)),
        mean(({ commits }) => commits),
        mean(({ writes }) => writes),
        mean(({ redisSent }) => redisSent),
        events,
      ]
      return [name, ...numbers.map(shownNumber)]
    }),
  }
}

export function brokenFloor({ acknowledged, completed, errors, faults, first }: FloorVerdict): string[] {
  if (errors === 0 && faults === 0 && acknowledged === completed) return []
  return [`floor: ${acknowledged} accepted, ${completed} completed, ${faults} wrong texts; ${first.join('; ')}`]
}

/** What our idle processes cost the floor, which runs beside them. */
function idleNote(alternations: readonly Alternation[]): string[] {
  const idle = alternations.reduce((sum, { bare }) => {
    const own = Object.entries(bare.use.cpu).filter(([name]) => /^(api|worker|realtime)/.test(name))
    return sum + own.reduce((all, [, seconds]) => all + seconds, 0)
  }, 0)
  const measured = alternations.reduce((sum, { bare }) => sum + bare.use.seconds, 0)
  return [`the floor runs beside our idle processes, which took ${((idle / measured) * 100).toFixed(1)} % of a core`]
}
