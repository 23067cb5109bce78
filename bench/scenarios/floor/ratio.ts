import { FOREIGN_ALLOWED } from '../../measure/foreignLoad.ts'
import { percentile } from '../../percentile.ts'

/** One alternation: both measured one after the other, on the same machine in the same minute. */
export interface Round {
  /** Runs a second. */
  throughput: number
  floor: number
  /** The larger part of the machine that others had during one of both. */
  foreign: number
}

export interface Ratio {
  /** Of throughput to floor; the median of the rounds that count. Null: there is no round. */
  median: number | null
  least: number | null
  most: number | null
  rounds: number
  /** Rounds in which other processes took too much of the machine. */
  discarded: number
  /** No round was quiet, so all of them count: such a ratio is not worth much. */
  disturbed: boolean
}

export function ratioOf(rounds: readonly Round[]): Ratio {
  const quiet = rounds.filter(isQuiet)
  const disturbed = quiet.length === 0
  const ratios = (disturbed ? rounds : quiet).map(({ throughput, floor }) => throughput / floor)
  return {
    median: percentile(ratios, 50),
    least: percentile(ratios, 0),
    most: percentile(ratios, 100),
    rounds: ratios.length,
    discarded: rounds.length - ratios.length,
    disturbed,
  }
}

export function isQuiet({ foreign }: Pick<Round, 'foreign'>): boolean {
  return foreign <= FOREIGN_ALLOWED
}
