import { EMPTY_VIEW, type Item, type SessionEvent, type SessionView, applyEvent } from '@agentview/contracts'
import type { Followed } from '../transport/follower.ts'
import { LOADED_ITEMS } from '../timing.ts'

export interface FeedListener {
  /** The view has one more event in it. */
  event(event: SessionEvent): void
  /** The view is another one for another reason. */
  changed(): void
  gone(reason: string): void
}

/** One session as its events make it: the fold of the shared domain, event by event, without gaps and without repeats. */
export class SessionFeed implements Followed {
  readonly sessionId: string
  readonly #listener: FeedListener
  #view: SessionView
  #mayHaveOlder: boolean

  /** `view` is what was read of the session; a new one begins empty. */
  constructor(sessionId: string, listener: FeedListener, view: SessionView = EMPTY_VIEW) {
    this.sessionId = sessionId
    this.#listener = listener
    this.#view = view
    this.#mayHaveOlder = view.items.length >= LOADED_ITEMS
  }

  get view(): SessionView {
    return this.#view
  }

  /** True while there may be items before the first one. */
  get mayHaveOlder(): boolean {
    return this.#mayHaveOlder
  }

  cursor(): number {
    return this.#view.seq
  }

  take(event: SessionEvent): boolean {
    if (event.type === 'snapshot') {
      if (event.seq < this.#view.seq) return true
      this.#takeSnapshot(event)
    } else {
      if (event.seq > this.#view.seq + 1) return false
      if (event.seq <= this.#view.seq) return true
      this.#view = applyEvent(this.#view, event)
    }
    this.#listener.event(event)
    return true
  }

  /** Items of before the first one. */
  addOlder(items: readonly Item[], mayHaveOlder: boolean): void {
    this.#mayHaveOlder = mayHaveOlder
    if (items.length > 0) this.#view = { ...this.#view, items: [...items, ...this.#view.items] }
    this.#listener.changed()
  }

  reset(): void {
    this.#view = EMPTY_VIEW
    this.#mayHaveOlder = false
    this.#listener.changed()
  }

  gone(reason: string): void {
    this.#listener.gone(reason)
  }

  #takeSnapshot(event: SessionEvent & { type: 'snapshot' }): void {
    const before = this.#view
    const next = applyEvent(before, event)
    const kept = stillBefore(before.items, next.items[0])
    const firstRun = next.runs[0]?.runNo ?? Number.POSITIVE_INFINITY
    this.#view = {
      ...next,
      items: [...kept, ...next.items],
      runs: kept.length > 0 ? [...before.runs.filter(({ runNo }) => runNo < firstRun), ...next.runs] : next.runs,
    }
    if (kept.length === 0) this.#mayHaveOlder = next.items.length >= LOADED_ITEMS
  }
}

/**
 * Older items that were loaded before a snapshot and go on right before its first one. When its first one is new to us,
 * there may be others between: then none are kept, and they can be paged back to again.
 */
export function stillBefore(items: readonly Item[], first: Item | undefined): readonly Item[] {
  const at = first ? items.findIndex(({ id }) => id === first.id) : -1
  return at > 0 ? items.slice(0, at) : []
}
