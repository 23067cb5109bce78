import { percentile } from '../percentile.ts'

/** Of many values what is told. */
export interface Quantiles {
  count: number
  p50: number | null
  p99: number | null
  max: number | null
}

export function quantilesOf(values: readonly number[]): Quantiles {
  return {
    count: values.length,
    p50: percentile(values, 50),
    p99: percentile(values, 99),
    max: percentile(values, 100),
  }
}
