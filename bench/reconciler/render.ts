import type { Times } from './measure.ts'

/** Most that a statement may take at p50, in ms. */
export const WANTED_MS = 5

export interface Row {
  name: string
  empty: Times
  full: Times
}

/** A Markdown table, as docs/reliability-reconciler.md has it. */
export function renderTable(rows: readonly Row[], runs: number): string {
  const many = runs.toLocaleString('en-US')
  const cells = [
    ['statement', '0 finished runs: p50', 'max', `${many}: p50`, 'max', `at most ${WANTED_MS} ms`],
    ...rows.map(({ name, empty, full }) => [
      name,
      ...[empty.p50, empty.max, full.p50, full.max].map((ms) => `${ms.toFixed(2)} ms`),
      full.p50 <= WANTED_MS ? 'met' : 'missed',
    ]),
  ]
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)))
  const line = (row: readonly string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  return [line(cells[0]!), line(widths.map((width) => '-'.repeat(width))), ...cells.slice(1).map(line)].join('\n')
}
