import { percentile } from '../../percentile.ts'
import { shownNumber } from '../renderReport.ts'
import { type Report, atMost } from '../scenario.ts'

export interface TalkedSession {
  /** From POST to the terminal event, in ms, by turn. */
  latencies: readonly number[]
  broken: readonly string[]
}

export interface LongResult {
  /** History that the agent app was sent at most. */
  historyItems: number
  long: TalkedSession
  /** Sessions of a few turns, before it and after it. */
  short: readonly TalkedSession[]
}

/** The turns that stand for the fifth: without the first, which also begins a session. */
const FIFTH = { from: 1, to: 9 }
/** So many turns stand for one of them in the long session. */
const AROUND = 20

/** The median latency of the turns around the fifth, over all sessions. */
export function fifthTurn({ long, short }: LongResult): number | null {
  return percentile(
    [long, ...short].flatMap(({ latencies }) => latencies.slice(FIFTH.from, FIFTH.to)),
    50,
  )
}

/** The median latency of the turns up to this one. */
export function turnsUpTo({ long }: LongResult, turn: number): number | null {
  return percentile(long.latencies.slice(Math.max(0, turn - AROUND), turn), 50)
}

/** How much longer the last turn takes than the fifth. */
export function growthOf(result: LongResult): number | null {
  const [first, last] = [fifthTurn(result), turnsUpTo(result, result.long.latencies.length)]
  return first === null || last === null ? null : last / first
}

const SHOWN_TURNS = [50, 100, 200, 300, 400, 500]

export function longReport(results: readonly LongResult[]): Report {
  const broken = results.flatMap(({ long, short }) => [long, ...short].flatMap((session) => session.broken))
  return {
    tables: [
      {
        title: `From POST to the terminal event, ms; each the median of the ${AROUND} turns up to it`,
        columns: ['history at most', 'turn 5', ...SHOWN_TURNS.map((turn) => `turn ${turn}`), 'last : 5th'],
        rows: results.map((result) => [
          `${result.historyItems} items`,
          ...[fifthTurn(result), ...SHOWN_TURNS.map((turn) => turnsUpTo(result, turn)), growthOf(result)].map(
            (value) => (value === null ? '' : shownNumber(value)),
          ),
        ]),
      },
    ],
    notes: [
      ...broken,
      'With the longer history each turn reads, signs and sends up to all of the session to the agent app.',
    ],
    figures: { results },
    targets: [
      atMost('long.broken-promises', broken.length, 0),
      // The first of them: there the bytes of history are the same for each turn.
      atMost('long.last-turn-of-fifth', results[0] ? growthOf(results[0]) : null, 1.5),
    ],
  }
}
