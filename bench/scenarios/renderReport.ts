import { markdownTable } from '../faults/run/table.ts'
import type { Report, Target } from './scenario.ts'

/** A report for a person, as Markdown, so that it can stand in docs. */
export function renderReport({ tables, notes, targets }: Report): string[] {
  return [
    ...tables.flatMap(({ title, columns, rows }) => ['', title, '', ...markdownTable(columns, rows)]),
    ...(notes.length > 0 ? ['', ...notes.map((note) => `- ${note}`)] : []),
    ...(targets.length > 0 ? ['', ...targets.map(renderTarget)] : []),
  ]
}

/** `name value wanted met|missed` */
export function renderTarget({ name, value, wanted, met }: Target): string {
  return `${name} ${value === null ? 'unknown' : shownNumber(value)} ${wanted} ${met ? 'met' : 'missed'}`
}

/** Three digits that say something; whole numbers from a thousand on. */
export function shownNumber(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 1_000) return String(Math.round(value))
  return value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2)
}
