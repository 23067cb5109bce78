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
  /** Of what is judged to what it is compared with; the median of the rounds that count. Null: none does. */
  median: number | null
  least: number | null
  most: number | null
  rounds: number
  /** Rounds in which other processes took too much of the machine. */
  discarded: number
  /** The machine was never quiet, so rounds with some foreign load count. */
  disturbed: boolean
}

/** Without any quiet round, rounds with so much foreign load are better than none: both halves of a round bear it. */
const FOREIGN_BEARABLE = 0.15

export function ratioOf(rounds: readonly Round[]): Ratio {
  const quiet = rounds.filter(isQuiet)
  const disturbed = quiet.length === 0
  const counted = disturbed ? rounds.filter(({ foreign }) => foreign <= FOREIGN_BEARABLE) : quiet
  const ratios = counted.map(({ judged, compared }) => judged / compared)
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
  const because = `${discarded} discarded, since other processes used the machine meanwhile`
  if (least === null || most === null) return `no round counts: ${because}`
  const range = `${rounds} rounds count, from ${shownNumber(least)} to ${shownNumber(most)}`
  const parts = [range, ...(discarded > 0 ? [because] : []), ...(disturbed ? ['the machine was never quiet'] : [])]
  return parts.join('; ')
}

export function isQuiet({ foreign }: Pick<Round, 'foreign'>): boolean {
  return foreign <= FOREIGN_ALLOWED
}
