import { percentile } from '../percentile.ts'

/** Of many values what is told. */
export interface Quantiles {
  count: number
  p50: number | null
  p95: number | null
  p99: number | null
  max: number | null
}

export function quantilesOf(values: readonly number[]): Quantiles {
  const at = (percent: number) => percentile(values, percent)
  return { count: values.length, p50: at(50), p95: at(95), p99: at(99), max: at(100) }
}
