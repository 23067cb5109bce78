import { type PlayResult, brokenPlay } from '../playTimed.ts'
import { shownNumber } from '../renderReport.ts'
import { type Report, type Target, atMost } from '../scenario.ts'

export interface PlayedLoad {
  /** Such as `30 %` of the capacity. */
  load: string
  result: PlayResult
}

export function firstTokenReport(capacity: number, played: readonly PlayedLoad[]): Report {
  const broken = played.flatMap(({ load, result }) => brokenPlay(load, result))
  return {
    tables: [
      {
        title: `From the scheduled sending to the first text at the client; the capacity is ${Math.round(capacity)} runs/s`,
        columns: ['load', 'messages', 'p50 ms', 'p99 ms', 'max ms', 'to the agent p50', 'back p50', 'sent late p50'],
        rows: played.map(({ load, result: { sent, firstText, toAgent, delays, late } }) => [
          load,
          String(sent),
          ...[firstText.p50, firstText.p99, firstText.max, toAgent.p50, delays.p50, late.p50].map((ms) =>
            shownNumber(ms ?? 0),
          ),
        ]),
      },
    ],
    notes: broken,
    figures: { capacity, played },
    targets: [atMost('first-token.broken-promises', broken.length, 0), ...targetsOf(played)],
  }
}

function targetsOf(played: readonly PlayedLoad[]): Target[] {
  const of = (load: string) => played.find((one) => one.load === load)?.result.firstText
  return [
    atMost('first-token.one-user-p50', of('one user')?.p50 ?? null, 5, 'ms'),
    atMost('first-token.one-user-streamed-p50', of('one user, streamed')?.p50 ?? null, 5, 'ms'),
    atMost('first-token.30-percent-p50', of('30 %')?.p50 ?? null, 8, 'ms'),
    atMost('first-token.30-percent-p99', of('30 %')?.p99 ?? null, 30, 'ms'),
    atMost('first-token.70-percent-p99', of('70 %')?.p99 ?? null, 80, 'ms'),
  ]
}
