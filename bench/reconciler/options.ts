import { Command, InvalidArgumentError } from 'commander'

export interface ReconcilerBenchOptions {
  /** Finished runs that the second half of the measurement stands beside. */
  runs: number
  explain: boolean
}

const DEFAULT_RUNS = 5_000_000
const MOST_RUNS = 50_000_000

/** Reads the command line; ends the process with a message when it makes no sense. */
export function parseOptions(argv: readonly string[]): ReconcilerBenchOptions {
  return new Command('bench:reconciler')
    .description("Measures the reconciler's statements beside no finished runs and beside very many.")
    .option('--runs <count>', 'finished runs', count, DEFAULT_RUNS)
    .option('--explain', 'print each plan as well (EXPLAIN ANALYZE, BUFFERS)', false)
    .parse(argv)
    .opts<ReconcilerBenchOptions>()
}

function count(text: string): number {
  const value = /^[1-9]\d{0,8}$/.test(text) ? Number(text) : Number.NaN
  if (value >= 1_000 && value <= MOST_RUNS) return value
  throw new InvalidArgumentError(`It must be a whole number from 1000 to ${MOST_RUNS}.`)
}
