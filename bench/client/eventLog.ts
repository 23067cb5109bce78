import { isTerminal, type SessionEvent } from '@shared/domain/events'
import { EMPTY_VIEW, type SessionView, applyEvent } from '@shared/domain/foldSession'
import { isObject } from '@shared/domain/json'
import type { Item } from '@shared/domain/objects'
import { isEnded } from '@shared/domain/runStates'
import { type Difference, difference } from './difference.ts'

/** When a reader saw a run's first words and its end, on its own clock (performance.now()). */
export interface Seen {
  firstTextAt?: number
  endedAt?: number
}

/** What a reader has received of one session: folded, and checked to be contiguous, in order and once (I2, I4). */
export class EventLog {
  readonly faults: Difference[] = []
  readonly #sessionId: string
  readonly #seen = new Map<string, Seen>()
  #view: SessionView

  constructor(sessionId: string, after: number) {
    this.#sessionId = sessionId
    this.#view = { ...EMPTY_VIEW, seq: after }
  }

  get view(): SessionView {
    return this.#view
  }

  /** What was seen of a run so far. */
  seen(runId: string): Seen {
    return this.#seen.get(runId) ?? {}
  }

  /** Takes one frame of the stream, as it came. Whatever is wrong with it is a fault; reading goes on. */
  take(frame: { id?: string | undefined; event?: string | undefined; data: string }, now: number): void {
    const event = parseEvent(frame.data)
    if (!event) return this.#fault(difference('frame of the stream', 'an event', frame))
    this.#fault(difference('id of the frame', String(event.seq), frame.id))
    this.#fault(difference('name of the frame', event.type, frame.event))
    this.#fault(difference('session of an event', this.#sessionId, event.sessionId))
    this.#fault(this.#checkOrder(event))
    const runId = event.runId ?? (event.type === 'item.delta' ? this.#runOfItem(event.data.itemId) : undefined)
    if (runId) this.#fault(this.#checkEnd(event, runId))
    this.#apply(event)
    this.#note(event, runId, now)
  }

  #fault(found: Difference[]): void {
    this.faults.push(...found)
  }

  #checkOrder(event: SessionEvent): Difference[] {
    const { seq } = this.#view
    // A snapshot stands for all before it: it may skip events, but not go back.
    if (event.type === 'snapshot') return difference('snapshot goes back', false, event.seq < seq)
    const what = event.seq <= seq ? 'repeated event' : 'gap in the events'
    return difference(`${what} (${event.type})`, seq + 1, event.seq)
  }

  /** A repeated event is a fault already; a new one must not end a run that has ended. */
  #checkEnd(event: SessionEvent, runId: string): Difference[] {
    const endedBefore = this.seen(runId).endedAt !== undefined && event.seq > this.#view.seq
    return difference(`terminal events of ${runId}`, 1, isTerminal(event) && endedBefore ? 2 : 1)
  }

  #apply(event: SessionEvent): void {
    try {
      this.#view = applyEvent(this.#view, event)
    } catch (error) {
      this.#fault([{ what: 'event that can not be folded', expected: String(error), got: event }])
    }
  }

  #note(event: SessionEvent, runId: string | undefined, now: number): void {
    if (event.type === 'snapshot') {
      for (const run of this.#view.runs) if (isEnded(run.status)) this.#see(run.id, { endedAt: now })
    } else if (runId && isTerminal(event)) {
      this.#see(runId, { endedAt: now })
    } else if (runId && bringsText(event)) {
      this.#see(runId, { firstTextAt: now })
    }
  }

  /** The first time counts. */
  #see(runId: string, seen: Seen): void {
    this.#seen.set(runId, { ...seen, ...this.#seen.get(runId) })
  }

  #runOfItem(itemId: string): string | undefined {
    return this.#view.items.findLast((item) => item.id === itemId)?.runId
  }
}

function bringsText(event: SessionEvent): boolean {
  if (event.type === 'item.delta') return true
  return (event.type === 'item.created' || event.type === 'item.completed') && isText(event.data.item)
}

function isText({ kind, data }: Item): boolean {
  return kind !== 'input' && data.type === 'message' && data.content !== ''
}

function parseEvent(text: string): SessionEvent | null {
  try {
    const value: unknown = JSON.parse(text)
    const isEvent =
      isObject(value) && Number.isSafeInteger(value.seq) && typeof value.type === 'string' && isObject(value.data)
    return isEvent ? (value as unknown as SessionEvent) : null
  } catch {
    return null
  }
}
