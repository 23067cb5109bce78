import { percentile } from '../../percentile.ts'
import { markdownTable, shown } from '../run/table.ts'
import type { SoakResult } from './soak.ts'

export function isSoakGood({ violations, errors, messages }: SoakResult): boolean {
  return messages > 0 && violations.length === 0 && errors.length === 0
}

/** For people: faults by kind, and what it came to. */
export function tellSoak(result: SoakResult): string[] {
  const { seed, seconds, messages, runs, strikes, violations, errors } = result
  const kinds = [...new Set(strikes.map(({ kind }) => kind))].toSorted()
  const rows = kinds.map((kind) => {
    const ofKind = strikes.filter((strike) => strike.kind === kind)
    const counted = ofKind.filter(({ underWay }) => underWay > 0)
    const recoveries = counted.map(({ recoveryMs }) => recoveryMs)
    return [
      kind,
      String(counted.length),
      String(ofKind.length - counted.length),
      shown(percentile(recoveries, 50)),
      shown(percentile(recoveries, 100)),
    ]
  })
  return [
    ...markdownTable(['fault', 'times', 'not counted', 'p50 ms', 'max ms'], rows),
    '',
    ...[...violations, ...errors.map((error) => `ERROR ${error}`)],
    `${messages} messages (${(messages / seconds).toFixed(1)}/s), ${runs} runs, ${strikes.length} strikes, ${violations.length} violations, ${errors.length} errors, seed ${seed}, ${seconds} s`,
  ]
}
