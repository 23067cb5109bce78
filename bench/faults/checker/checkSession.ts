import { isDeepStrictEqual } from 'node:util'
import { EMPTY_VIEW, type SessionView, foldSession } from '@shared/domain/foldSession'
import type { Item, Run } from '@shared/domain/objects'
import { isEnded } from '@shared/domain/runStates'
import { answerOf, readInput } from '../agent/script.ts'
import { compareSession } from '../../client/compareSession.ts'
import type { EntryOf } from '../history/entries.ts'
import { checkTurns } from './checkTurns.ts'
import type { Violation } from './violation.ts'

/** I2, I3 and I4 on the final log: runs ended as their events say, and hold what the agent app says, byte for byte. */
export function checkSession(final: EntryOf<'final'>): Violation[] {
  const view = foldSession(final.events, EMPTY_VIEW)
  return [
    ...checkTurns(final.events, `log of ${final.sessionId}`),
    ...final.runs.flatMap((run) => checkEnd(run, final)),
    ...compareSession(view, final.session).map(({ what }): Violation => ({
      invariant: 'I4',
      what: `the fold of the log of ${final.sessionId} has another ${what}`,
    })),
    ...checkDoubles(final),
    ...final.runs.filter(({ status }) => isEnded(status)).flatMap((run) => checkItems(run, view)),
  ]
}

function checkEnd(run: Run, { events }: EntryOf<'final'>): Violation[] {
  const types = events.filter((event) => event.runId === run.id).map(({ type }) => type)
  const ends = types.filter((type) => type === 'run.completed' || type === 'run.failed' || type === 'run.cancelled')
  const expected = isEnded(run.status) ? [`run.${run.status}`] : []
  // A log that begins with a snapshot no longer has the events of older runs.
  if (events.some(({ type }) => type === 'snapshot') && ends.length === 0) return []
  if (isDeepStrictEqual(ends, expected)) return []
  return [{ invariant: 'I2', what: `${run.id} is ${run.status}; its terminal events: ${ends.join(', ') || 'none'}` }]
}

/** No two items in one place, and none of an attempt that was superseded. */
function checkDoubles({ events, session }: EntryOf<'final'>): Violation[] {
  const superseded = new Set(
    events.flatMap((event) => (event.type === 'run.attempt' ? event.data.supersededItemIds : [])),
  )
  const items = session.items ?? []
  const places = new Set<string>()
  return items.flatMap((item): Violation[] => {
    const place = `${item.runNo}.${item.itemNo}`
    if (superseded.has(item.id)) return [{ invariant: 'I3', what: `${item.id} was superseded and is shown` }]
    if (places.has(place)) return [{ invariant: 'I3', what: `two items stand at ${place} of ${session.id}` }]
    places.add(place)
    return []
  })
}

/** A completed run's items are exactly its script's; one that was cut short holds a beginning of them. */
function checkItems(run: Run, view: SessionView): Violation[] {
  const items = view.items.filter(({ runId }) => runId === run.id)
  const told = items.filter(({ kind }) => kind === 'input').flatMap(({ data }) => readInput(data) ?? [])
  // Hidden, or not of ours.
  if (told.length === 0) return []
  const made = items.filter(({ kind }) => kind !== 'input')
  const expected = answerOf(told)
  const wrong = run.status === 'completed' ? differsFrom(made, expected) : exceeds(made, expected)
  return wrong === null ? [] : [{ invariant: 'I3', what: `${run.id} (${run.status}): ${wrong}` }]
}

function differsFrom(made: readonly Item[], expected: readonly object[]): string | null {
  if (made.some(({ status }) => status !== 'complete')) return 'an item is not complete'
  const data = made.map((item) => item.data)
  return isDeepStrictEqual(data, expected)
    ? null
    : `its items are ${shown(data)}, the agent app said ${shown(expected)}`
}

function exceeds(made: readonly Item[], expected: readonly object[]): string | null {
  if (made.length > expected.length) return `it has ${made.length} items, the agent app makes ${expected.length}`
  for (const [index, item] of made.entries()) {
    const whole = expected[index]
    if (isDeepStrictEqual(item.data, whole)) continue
    const [got, all] = [textOf(item.data), textOf(whole)]
    if (got === null || all === null || !all.startsWith(got)) return `item ${index + 1} is ${shown(item.data)}`
  }
  return null
}

function textOf(data: object | undefined): string | null {
  return data && 'content' in data && typeof data.content === 'string' ? data.content : null
}

function shown(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}
