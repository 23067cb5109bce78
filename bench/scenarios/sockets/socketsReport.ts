import { percentile } from '../../percentile.ts'
import { quantilesOf } from '../../load/quantiles.ts'
import { shownNumber } from '../renderReport.ts'
import { type Report, atLeast, atMost } from '../scenario.ts'

export interface SocketsResult {
  count: number
  connectSeconds: number
  subscribeSeconds: number
  /** Resident MB of each node before the first socket came, and at rest with all of them. */
  before: Readonly<Record<string, number>>
  after: Readonly<Record<string, number>>
  /** One event each: after how many ms each socket had it. */
  sayings: readonly { delays: readonly number[] }[]
  /** Why sockets have ended. */
  ended: readonly string[]
}

export function socketsReport(result: SocketsResult): Report {
  const { count, connectSeconds, subscribeSeconds, before, after } = result
  const grown = Object.entries(after).reduce((sum, [name, megabytes]) => sum + megabytes - (before[name] ?? 0), 0)
  const perSocket = (grown * 1_024) / count
  const connects = count / connectSeconds
  const untilAll = percentile(
    result.sayings.map(({ delays }) => quantilesOf(delays).max ?? 0),
    50,
  )
  const broken = brokenSockets(result)
  return {
    tables: [
      {
        title: `${count} sockets on ${Object.keys(after).length} nodes`,
        columns: ['what', 'value'],
        rows: [
          ['connects/s', shownNumber(connects)],
          ['subscribes/s', shownNumber(count / subscribeSeconds)],
          ['memory per socket', `${shownNumber(perSocket)} KiB`],
          ...Object.entries(after).map(([name, megabytes]) => [
            `${name} before, with its sockets`,
            `${Math.round(before[name] ?? 0)} MB, ${Math.round(megabytes)} MB`,
          ]),
        ],
      },
      {
        title: 'From the writing of one event until sockets have it',
        columns: ['event', 'sockets', 'p50 ms', 'p99 ms', 'all ms'],
        rows: result.sayings.map(({ delays }, index) => {
          const { count: heard, p50, p99, max } = quantilesOf(delays)
          return [String(index + 1), String(heard), ...[p50, p99, max].map((ms) => shownNumber(ms ?? 0))]
        }),
      },
    ],
    notes: broken,
    figures: { ...result, sayings: result.sayings.map(({ delays }) => quantilesOf(delays)), perSocket, connects },
    targets: [
      atMost('sockets.broken-promises', broken.length, 0),
      atMost('sockets.memory-per-socket', perSocket, 40, 'KiB'),
      atLeast('sockets.connects', connects, 1_000, '/s'),
      atMost('sockets.event-to-all', untilAll, 1_000, 'ms'),
    ],
  }
}

/** Each socket hears each event once, and none ends. */
function brokenSockets({ count, sayings, ended }: SocketsResult): string[] {
  const unheard = sayings.flatMap(({ delays }, index) =>
    delays.length === count ? [] : [`event ${index + 1} was heard ${delays.length} times by ${count} sockets`],
  )
  return ended.length === 0 ? unheard : [...unheard, `${ended.length} sockets ended: ${ended[0]}`]
}
