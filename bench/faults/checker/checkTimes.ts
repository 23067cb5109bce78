import type { EntryOf } from '../history/entries.ts'
import type { Run } from '@shared/domain/objects'
import type { Violation } from './violation.ts'

/** Postgres' clock may be set while a strike goes on. */
const SLACK_MS = 1_000

/** I10: what is dated came in the order in which it is dated, whatever the clocks of the processes that wrote it say. */
export function checkTimes({ sessionId, events, runs, session }: EntryOf<'final'>): Violation[] {
  const dated = events.filter(({ type }) => type !== 'snapshot').map(({ seq, at }) => ({ name: `event ${seq}`, at }))
  return [
    ...backwards(`log of ${sessionId}`, dated),
    ...runs.flatMap((run) => [
      ...run.attempts.flatMap((attempt) => backwards(`attempt ${attempt.attempt} of ${run.id}`, timesOf(attempt))),
      ...(session.items ?? [])
        .filter(({ runId }) => runId === run.id)
        .flatMap((item) => backwards(item.id, [...begin(run), { name: 'item', at: item.createdAt }, ...end(run)])),
    ]),
  ]
}

interface Dated {
  name: string
  at: string
}

function timesOf({ timing }: Run['attempts'][number]): Dated[] {
  const { acceptedAt, queuedAt, claimedAt, firstByteAt, firstDeltaAt, endedAt } = timing
  const times = Object.entries({ acceptedAt, queuedAt, claimedAt, firstByteAt, firstDeltaAt, endedAt })
  return times.flatMap(([name, at]) => (at === undefined ? [] : [{ name, at }]))
}

function begin({ createdAt }: Run): Dated[] {
  return [{ name: 'run created', at: createdAt }]
}

function end({ endedAt }: Run): Dated[] {
  return endedAt === undefined ? [] : [{ name: 'run ended', at: endedAt }]
}

function backwards(where: string, times: readonly Dated[]): Violation[] {
  return times.flatMap((time, index): Violation[] => {
    const before = times[index - 1]
    if (!before || Date.parse(time.at) >= Date.parse(before.at) - SLACK_MS) return []
    return [{ invariant: 'I10', what: `${where}: ${time.name} (${time.at}) after ${before.name} (${before.at})` }]
  })
}
