import type { SessionEvent } from '@shared/domain/events'
import { type History, type SentMessage, byItem } from './readHistory.ts'
import type { Violation } from './violation.ts'

/** What the log says of one run so far. */
interface Place {
  state: 'queued' | 'begun' | 'ended'
  items: Set<string>
}

/**
 * I3, I5 and I9 of messages that said what is to become of them in a busy session (`onBusy`): who interrupts or takes back
 * has the session to himself, who won't wait found it free or was refused, who joins a run was there before it began.
 */
export function checkBusy(history: History): Violation[] {
  const messages = byItem(history.messages)
  return [
    ...history.messages.flatMap(checkRefusal),
    ...[...history.finals.values()].flatMap(({ events }) => checkLog(events, messages)),
  ]
}

function checkRefusal({ content, onBusy, refused }: SentMessage): Violation[] {
  const [first] = refused
  if (!onBusy || !first || (onBusy === 'reject' && first.code === 'session_busy')) return []
  return [{ invariant: 'I1', what: `${content} (${onBusy}) was refused: ${first.code}` }]
}

function checkLog(events: readonly SessionEvent[], messages: Map<string, SentMessage>): Violation[] {
  const runs = new Map<string, Place>()
  const hidden = new Set<string>()
  const superseded = new Set<string>()
  /** Runs that were interrupted since the last message: by the next one, in whose transaction that is. */
  let interrupted: string[] = []
  const violations: Violation[] = []

  function checkInput(message: SentMessage, runId: string): void {
    const { content, onBusy } = message
    const others = [...runs].filter(([id, { state }]) => id !== runId && state !== 'ended').map(([id]) => id)
    if (onBusy !== 'enqueue' && onBusy !== 'merge' && others.length > 0)
      violations.push({ invariant: 'I5', what: `${content} (${onBusy}) was accepted beside ${others.join(', ')}` })
    if (runs.has(runId) && runs.get(runId)?.state !== 'queued')
      violations.push({ invariant: 'I3', what: `${content} (${onBusy}) joined ${runId}, which had begun` })
    for (const id of interrupted) {
      const made = [...(runs.get(id)?.items ?? [])].filter((itemId) => !superseded.has(itemId))
      const shown = made.filter((itemId) => !hidden.has(itemId))
      if (onBusy === 'rollback' ? shown.length > 0 : shown.length < made.length)
        violations.push({
          invariant: 'I3',
          what: `${content} (${onBusy}) left ${shown.length} of ${made.length} items of ${id}`,
        })
    }
    interrupted = []
  }

  for (const event of events) {
    if (event.type === 'items.hidden') for (const id of event.data.itemIds) hidden.add(id)
    if (event.type === 'run.attempt') for (const id of event.data.supersededItemIds) superseded.add(id)
    if (event.type === 'item.created') {
      const { item } = event.data
      const message = messages.get(item.id)
      if (message?.onBusy) checkInput(message, item.runId)
      const place = runs.get(item.runId) ?? { state: 'queued', items: new Set() }
      runs.set(item.runId, place)
      place.items.add(item.id)
    }
    const place = event.runId === undefined ? undefined : runs.get(event.runId)
    if (!place || event.runId === undefined) continue
    if (event.type === 'run.started') place.state = 'begun'
    if (event.type === 'run.completed' || event.type === 'run.failed' || event.type === 'run.cancelled')
      place.state = 'ended'
    if (event.type === 'run.cancelled' && event.data.run.error?.code === 'interrupted') interrupted.push(event.runId)
  }
  return violations
}
