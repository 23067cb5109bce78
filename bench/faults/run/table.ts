import { percentile } from '../../percentile.ts'
import { NEVER, type Row } from '../arena/row.ts'
import type { Broker } from '../arena/site.ts'
import type { StrikeResult } from './strikeOnce.ts'

/** All strikes of one row on one broker. */
export interface RowResult {
  number: number
  title: string
  broker: Broker
  invariants: readonly string[]
  strikes: number
  /** Strikes that hit nothing. */
  notCounted: number
  recoveryMs: { p50: number | null; max: number | null }
  violations: string[]
  errors: string[]
  ok: boolean
}

export function summarizeRow(row: Row, broker: Broker, results: readonly StrikeResult[]): RowResult {
  const { number, title, invariants } = row
  const counted = results.filter(({ outcome }) => outcome !== null && outcome.proof !== null)
  const recoveries = counted.flatMap(({ outcome }) => outcome?.recovery?.ms ?? [])
  const violations = results.flatMap((result) => result.violations.map((one) => `${one.invariant} ${one.what}`))
  const errors = results.flatMap(({ error }) => error ?? [])
  return {
    number,
    title,
    broker,
    invariants,
    strikes: results.length,
    notCounted: results.filter(({ outcome }) => outcome?.proof === null).length,
    recoveryMs: { p50: percentile(recoveries, 50), max: percentile(recoveries, 100) },
    violations,
    errors,
    ok: counted.length > 0 && violations.length === 0 && errors.length === 0,
  }
}

const COLUMNS = [
  '#',
  'fault',
  'broker',
  'times',
  'not counted',
  'invariants',
  'p50 ms',
  'max ms',
  'violations',
] as const

/** As a table of Markdown, so that it can stand in docs. */
export function formatTable(results: readonly RowResult[]): string[] {
  const rows = results.map((result) => [
    String(result.number),
    result.title,
    result.broker,
    String(result.strikes),
    String(result.notCounted),
    result.invariants.join(' '),
    shown(result.recoveryMs.p50),
    shown(result.recoveryMs.max),
    result.errors.length > 0
      ? `${result.violations.length} and ${result.errors.length} errors`
      : String(result.violations.length),
  ])
  return markdownTable(COLUMNS, rows)
}

export function markdownTable(columns: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map((column, index) => Math.max(column.length, ...rows.map((row) => row[index]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')} |`
  return [line(columns), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)]
}

export function shown(ms: number | null): string {
  if (ms === null) return '–'
  return ms === NEVER ? 'never' : String(Math.round(ms))
}
