import type { Entry } from '../history/entries.ts'
import { checkBusy } from './checkBusy.ts'
import { checkDelivered } from './checkDelivered.ts'
import { checkExpected } from './checkExpected.ts'
import { checkMessages } from './checkMessages.ts'
import { checkReader } from './checkReader.ts'
import { checkSession } from './checkSession.ts'
import { checkSpared } from './checkSpared.ts'
import { checkTimes } from './checkTimes.ts'
import { readHistory } from './readHistory.ts'
import type { Violation } from './violation.ts'

/**
 *   history ─▶ checkMessages    I1 I3 I9  what was acknowledged or refused, against what became of it
 *           ─▶ checkReader      I2 I4 I5 I7  each reader's own stream, and that it is the log
 *           ─▶ checkSession     I2 I3 I5 I7  the final log, and that its items are what the agent app says
 *           ─▶ checkTimes       I10       the final log's times, whatever processes' clocks say
 *           ─▶ checkSpared      I1        runs that the fault is no business of completed, uncharged
 *           ─▶ checkBusy        I3 I5 I9  what became of those who were there, when several come at once
 *           ─▶ checkExpected    I1 I2 I8  runs of which the strike knows how they have to end
 *           ─▶ checkDelivered   I6        what webhook endpoints got
 *           ─▶ recoveries       I8        also what has to stay small
 * Pure. What is missing from the history can't be shown, so it counts as broken. Promised times may be taken so many times
 * over as `slack` says: not all machines that check the rest can show them.
 */
export function checkHistory(entries: readonly Entry[], slack = 1): Violation[] {
  const history = readHistory(entries)
  const sessions = history.of('session').map(({ sessionId }) => sessionId)
  const unread = sessions.filter((sessionId) => !history.finals.has(sessionId))
  return [
    ...unread.map((sessionId): Violation => ({ invariant: 'I4', what: `the final log of ${sessionId} was not read` })),
    ...checkMessages(history),
    ...history.readers.flatMap((reader) => checkReader(reader, history.finals.get(reader.sessionId))),
    ...[...history.finals.values()].flatMap((final) => checkSession(final)),
    ...[...history.finals.values()].flatMap((final) => checkTimes(final)),
    ...checkSpared(history),
    ...checkBusy(history),
    ...checkExpected(history),
    ...checkDelivered(history),
    ...history
      .of('measured')
      .filter(({ value, atMost }) => value > atMost)
      .map(({ what, value, atMost }): Violation => ({ invariant: 'I8', what: `${what}: ${value}, at most ${atMost}` })),
    ...history
      .of('recovered')
      .filter(({ ms, withinMs }) => ms > withinMs * slack)
      .map(({ what, ms, withinMs }): Violation => ({
        invariant: 'I8',
        what: `${what}: ${ms} ms, at most ${withinMs * slack}`,
      })),
  ]
}
