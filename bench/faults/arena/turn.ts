import type { EventType } from '@shared/domain/events'
import type { Run } from '@shared/domain/objects'
import type { Accepted } from '../../client/calls.ts'
import type { Entry, ExpectedEnd } from '../history/entries.ts'
import type { Recorder } from '../history/recorder.ts'
import { patience } from './patience.ts'

export interface TurnParts {
  recorder: Recorder
  sessionId: string
  key: string
  content: string
  /** Null: it was refused, or nobody answered. */
  accepted: Promise<Accepted | null>
}

/** One message that was sent, and what readers saw of its run. Times are those of the history. */
export class Turn {
  readonly sessionId: string
  readonly key: string
  readonly content: string
  readonly accepted: Promise<Accepted | null>
  readonly #recorder: Recorder
  #runId: string | null = null
  /** So many entries don't name the run: each is looked at once, or a long history holds up all clients. */
  #searched = 0

  constructor({ recorder, sessionId, key, content, accepted }: TurnParts) {
    this.#recorder = recorder
    this.sessionId = sessionId
    this.key = key
    this.content = content
    this.accepted = accepted
  }

  /** When a reader first saw such an event of this message's run, sent by the attempt `attempt`; null: in time nobody did. */
  async saw(type: EventType, attempt?: number, timeoutMs: number = patience.event): Promise<number | null> {
    const found = await this.#recorder.first((entry) => this.#isOf(entry, [type], attempt), timeoutMs)
    return found?.at ?? null
  }

  /** When a reader first saw that the run began, or began again. */
  async sawStart(timeoutMs: number = patience.event): Promise<number | null> {
    const starts = (entry: Entry) => this.#isOf(entry, ['run.started', 'run.attempt'])
    return (await this.#recorder.first(starts, timeoutMs))?.at ?? null
  }

  /** When the run was first claimed, by Postgres' clock: readers may see it later, but it was under way. */
  async claimed(timeoutMs: number = patience.event): Promise<number | null> {
    const starts = (entry: Entry) => this.#isOf(entry, ['run.started', 'run.attempt'])
    const seen = await this.#recorder.first(starts, timeoutMs)
    return seen?.kind === 'event' ? this.#recorder.timeOf(seen.event.at) : null
  }

  /** The checker holds the run to it. */
  mustEnd(expected: ExpectedEnd): void {
    this.#recorder.note({ kind: 'expected', key: this.key, ...expected })
  }

  /** The pause that it came to; null: in time nobody saw one. */
  async sawPause(timeoutMs: number = patience.event): Promise<Run['pause'] | null> {
    const stops = ['run.paused', 'run.completed', 'run.failed', 'run.cancelled'] as const
    const found = await this.#recorder.first((entry) => this.#isOf(entry, stops), timeoutMs)
    return found?.kind === 'event' && found.event.type === 'run.paused' ? found.event.data.run.pause : null
  }

  async sawEnd(timeoutMs: number = patience.settle): Promise<number | null> {
    const ends = (entry: Entry) => this.#isOf(entry, ['run.completed', 'run.failed', 'run.cancelled'])
    return (await this.#recorder.first(ends, timeoutMs))?.at ?? null
  }

  /** Readers know the run by its input item, also when its sender has no answer yet. */
  #isOf(entry: Entry, types: readonly EventType[], attempt?: number): boolean {
    if (entry.kind !== 'event' || entry.event.sessionId !== this.sessionId) return false
    this.#runId ??= this.#findRun()
    const { event } = entry
    return (
      event.runId !== undefined &&
      event.runId === this.#runId &&
      types.includes(event.type) &&
      (attempt === undefined || event.attempt === attempt)
    )
  }

  #findRun(): string | null {
    const { entries } = this.#recorder
    while (this.#searched < entries.length) {
      const entry = entries[this.#searched++]
      if (entry?.kind !== 'event' || entry.event.type !== 'item.created') continue
      const { item } = entry.event.data
      if (item.kind === 'input' && item.sessionId === this.sessionId && item.data.content === this.content)
        return item.runId
    }
    return null
  }
}
