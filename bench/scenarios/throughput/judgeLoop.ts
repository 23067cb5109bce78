import type { LoopEnd } from './measureLoop.ts'

/** What speaks against a measured loop: a promise that was broken makes its figures worthless. Empty: nothing. */
export function brokenPromises({ sessions, verdict, settled }: LoopEnd): string[] {
  const { acknowledged, completed, errors, faults, first } = verdict
  const broken: string[] = []
  if (errors > 0) broken.push(`${errors} errors`)
  if (faults > 0) broken.push(`${faults} faults in what readers have seen`)
  if (acknowledged !== completed) broken.push(`${acknowledged} messages acknowledged, ${completed} completed`)
  if (settled.completed !== acknowledged || settled.other > 0) {
    broken.push(`${acknowledged} acknowledged; Postgres has ${settled.completed} completed and ${settled.other} others`)
  }
  return broken.length === 0 ? [] : [`C=${sessions}: ${[...broken, ...first].join('; ')}`]
}
