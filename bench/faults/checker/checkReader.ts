import { isDeepStrictEqual } from 'node:util'
import type { SessionEvent } from '@shared/domain/events'
import { EMPTY_VIEW, foldSession } from '@shared/domain/foldSession'
import { compareSession } from '../../client/compareSession.ts'
import type { EntryOf } from '../history/entries.ts'
import { checkTurns } from './checkTurns.ts'
import type { ReaderLog } from './readHistory.ts'
import type { Violation } from './violation.ts'

/** I4 and what can be told from one stream alone: a reader got the log, whole, in order and once, and folded it rightly. */
export function checkReader(log: ReaderLog, final: EntryOf<'final'> | undefined): Violation[] {
  const broken = [...checkOrder(log), ...(final ? checkSame(log, final) : [])]
  // A stream that is not the log says nothing on the turns.
  if (broken.length > 0) return broken
  const turns = checkTurns(log.events, `${log.reader} of ${log.sessionId}`)
  return [...turns, ...(final ? checkFold(log, final) : [])]
}

function checkOrder({ reader, after, events }: ReaderLog): Violation[] {
  const violations: Violation[] = []
  let seq = after
  for (const event of events) {
    const wrong = misplaced(event, seq)
    if (wrong) violations.push({ invariant: 'I4', what: `${reader}: ${wrong}` })
    seq = Math.max(seq, event.seq)
  }
  return violations
}

function misplaced(event: SessionEvent, seq: number): string | null {
  // A snapshot stands for all before it: it may skip, but not go back.
  if (event.type === 'snapshot') return event.seq < seq ? `a snapshot of ${event.seq} after ${seq}` : null
  if (event.seq <= seq) return `${event.seq} (${event.type}) came twice or late, after ${seq}`
  return event.seq > seq + 1 ? `${seq + 1} … ${event.seq - 1} are missing before ${event.type}` : null
}

/** The same events as the final log, up to its end. */
function checkSame({ reader, events, after }: ReaderLog, final: EntryOf<'final'>): Violation[] {
  const logged = new Map(final.events.filter(({ type }) => type !== 'snapshot').map((event) => [event.seq, event]))
  const violations: Violation[] = []
  for (const event of events) {
    const same = logged.get(event.seq)
    if (event.type === 'snapshot' || isDeepStrictEqual(event, same)) continue
    if (same || event.seq > final.session.lastSeq)
      violations.push({ invariant: 'I4', what: `${reader}: ${event.seq} (${event.type}) differs from the log` })
  }
  const end = events.at(-1)?.seq ?? after
  const lastSeq = final.events.at(-1)?.seq ?? 0
  if (end !== lastSeq)
    violations.push({ invariant: 'I4', what: `${reader} got up to ${end}, the log ends at ${lastSeq}` })
  return violations
}

function checkFold({ reader, after, events }: ReaderLog, final: EntryOf<'final'>): Violation[] {
  // Who begins in the middle without a snapshot has no whole view.
  if (after > 0 && events[0]?.type !== 'snapshot') return []
  const view = foldSession(events, { ...EMPTY_VIEW, seq: after })
  return compareSession(view, final.session).map(({ what, expected, got }) => ({
    invariant: 'I4',
    what: `${reader} folded another ${what}: ${shown(expected)}, not ${shown(got)}`,
  }))
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 200)
}
