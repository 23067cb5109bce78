import type { SessionEvent } from '@shared/domain/events'
import { EMPTY_VIEW, applyEvent } from '@shared/domain/foldSession'
import { isObject } from '@shared/domain/json'

/** Events that come within one frame are shown at once. */
const FRAME_MS = 16

/** A session's events, folded as they come; tells of changes once a frame. */
export class Feed {
  view = EMPTY_VIEW
  #changed: () => void
  #timer: ReturnType<typeof setTimeout> | undefined
  /** The log's end when it was subscribed. */
  #end = 0

  constructor(changed: () => void) {
    this.#changed = changed
  }

  /** False when an event before this one is missing: nothing is skipped, the caller subscribes again from view.seq. */
  take(event: SessionEvent): boolean {
    if (event.type === 'snapshot') {
      if (event.seq < this.view.seq) return true
    } else if (event.seq > this.view.seq + 1) return false
    this.view = applyEvent(this.view, event)
    this.#timer ??= setTimeout(() => this.#tell(), FRAME_MS)
    return true
  }

  /** The ack of a subscribe, `{ lastSeq }`. */
  begins(ack: unknown): void {
    this.#end = isObject(ack) && typeof ack.lastSeq === 'number' ? ack.lastSeq : 0
    this.#tell()
  }

  /** True once the view has all that was in the log when it was subscribed. */
  get isWhole(): boolean {
    return this.view.seq >= this.#end
  }

  reset(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#end = 0
    this.view = EMPTY_VIEW
  }

  #tell(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#changed()
  }
}
