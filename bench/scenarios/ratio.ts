import { FOREIGN_ALLOWED } from '../measure/foreignLoad.ts'
import { percentile } from '../percentile.ts'
import { shownNumber } from './renderReport.ts'

/** Two things, measured one after the other, on the same machine in the same minute. */
export interface Round {
  /** Runs a second of what is judged, and of what it is compared with. */
  judged: number
  compared: number
  /** The larger part of the machine that others had during one of both. */
  foreign: number
}

export interface Ratio {
  /** Of what is judged to what it is compared with; the median of the rounds that count. Null: there is no round. */
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
  const ratios = (disturbed ? rounds : quiet).map(({ judged, compared }) => judged / compared)
  return {
    median: percentile(ratios, 50),
    least: percentile(ratios, 0),
    most: percentile(ratios, 100),
    rounds: ratios.length,
    discarded: rounds.length - ratios.length,
    disturbed,
  }
}

/** What a reader of the ratio has to know. */
export function ratioNote({ rounds, discarded, disturbed, least, most }: Ratio): string {
  const range = `${rounds} rounds count, from ${shownNumber(least ?? 0)} to ${shownNumber(most ?? 0)}`
  if (disturbed) return `${range}; no round was without foreign load, so the ratio says little`
  return discarded === 0 ? range : `${range}; ${discarded} were discarded, since others used the machine meanwhile`
}

export function isQuiet({ foreign }: Pick<Round, 'foreign'>): boolean {
  return foreign <= FOREIGN_ALLOWED
}
